import { dictionary } from "../languages/dictionary.ts";
import { english } from "../languages/en/reader.ts";

/** The words of the page for an open message. */
export const words = dictionary("reader", english);
