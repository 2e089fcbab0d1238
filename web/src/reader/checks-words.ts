import { dictionary } from "../languages/dictionary.ts";
import { english } from "../languages/en/checks.ts";

/** The words of the page for the checks of a message. */
export const checksWords = dictionary("checks", english);
