import type { Translation } from "./translation.ts";

interface Language {
  /** The language's name in the language itself. */
  name: string;
  dir: "ltr" | "rtl";
  /** Absent for English, which is built into each part of the page. */
  fetch?: () => Promise<{ translation: Translation }>;
}

/** Every language that the page offers, by its tag (BCP 47, without a region). */
export const LANGUAGES: Record<string, Language> = {
  en: { name: "English", dir: "ltr" },
  ar: { name: "العربية", dir: "rtl", fetch: () => import("./ar.ts") },
};
