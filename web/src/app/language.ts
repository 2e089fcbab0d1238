/** Which language the page is in: the reader's choice, else the browser's, else English. */
import { setTranslation } from "../languages/dictionary.ts";
import { LANGUAGES, RIGHT_TO_LEFT } from "../languages/list.ts";
import { load, save } from "../ui/storage.ts";

/** Return the tag of the language to use. */
export function preferredLanguage(): string {
  const wanted = [load("language", ""), ...navigator.languages.map((tag) => tag.split("-")[0] ?? "")];
  return wanted.find((tag) => tag in LANGUAGES) ?? "en";
}

/** Load the preferred language's translation. The page stays English if it cannot be fetched. */
export async function loadLanguage(): Promise<void> {
  const tag = preferredLanguage();
  try {
    const fetched = await LANGUAGES[tag]?.();
    if (fetched) setTranslation(tag, fetched.translation);
  } catch {
    return;
  }
  document.documentElement.lang = tag;
  document.documentElement.dir = tag === RIGHT_TO_LEFT ? "rtl" : "ltr";
}

/** Remember the reader's choice and load the page again in that language. */
export function chooseLanguage(tag: string): void {
  save("language", tag);
  location.reload();
}
