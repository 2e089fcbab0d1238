import { dictionary } from "../languages/dictionary.ts";
import { english } from "../languages/en/reader.ts";

export const words = dictionary("reader", english);
