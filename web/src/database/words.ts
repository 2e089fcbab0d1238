import { dictionary } from "../languages/dictionary.ts";
import { english } from "../languages/en/database.ts";

export const words = dictionary("database", english);
