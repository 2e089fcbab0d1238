import { dictionary } from "../languages/dictionary.ts";
import { english } from "../languages/en/database.ts";

/** The words of the page while it reads a database directly. */
export const words = dictionary("database", english);
