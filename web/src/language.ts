/** Which language the page speaks, and the dictionary for it. English is built in; others come when asked for. */
import type { DatabaseWords } from "./database/words.ts";
import type { KeysWords } from "./keys-dialog.tsx";
import type { ReaderWords } from "./reader/words.ts";
import type { ShareWords } from "./share-dialog.tsx";
import { load, save } from "./storage.ts";
import type { DeletingWords } from "./views/confirm.tsx";
import type { LandingWords } from "./views/landing.tsx";
import { translate, type Words } from "./words.ts";

/** The words of each part of the page: those of a part that is fetched by itself stand beside it. */
export interface Translation {
  page: Words;
  landing: LandingWords;
  keys: KeysWords;
  share: ShareWords;
  deleting: DeletingWords;
  reader: ReaderWords;
  database: DatabaseWords;
}

interface Language {
  /** As its speakers call it. */
  name: string;
  dir: "ltr" | "rtl";
  fetch?: () => Promise<{ translation: Translation }>;
}

export const LANGUAGES: Record<string, Language> = {
  en: { name: "English", dir: "ltr" },
  ar: { name: "العربية", dir: "rtl", fetch: () => import("./languages/ar.ts") },
};

let translation: Translation | null = null;

/** What was chosen, else the first of the browser's languages that is known, else English. */
export function language(): string {
  const wanted = [load("language", ""), ...navigator.languages.map((tag) => tag.split("-")[0] ?? "")];
  return wanted.find((tag) => tag in LANGUAGES) ?? "en";
}

/** Learn the language before anything is said in it. Where its dictionary does not come, it stays English. */
export async function learn(): Promise<void> {
  const tag = language();
  const { dir, fetch } = LANGUAGES[tag] as Language;
  try {
    translation = (await fetch?.())?.translation ?? null;
  } catch {
    return;
  }
  if (translation) translate(translation.page);
  document.documentElement.lang = tag;
  document.documentElement.dir = dir;
}

/** For dates and numbers: the browser's own where the page speaks English, which many of its kinds do. */
export function locale(): string | undefined {
  return translation ? language() : undefined;
}

export function choose(tag: string): void {
  save("language", tag);
  location.reload();
}

/** A part's words in the language that was learnt. */
export function spoken<Part extends keyof Translation>(
  part: Part,
  english: Translation[Part],
): Translation[Part] {
  return translation?.[part] ?? english;
}
