import type { Translation } from "./translation.ts";

/**
 * Every language that the page offers, by its tag (BCP 47, without a region), and how to fetch it.
 * English is built into each part of the page.
 */
export const LANGUAGES: Record<string, (() => Promise<{ translation: Translation }>) | undefined> = {
  en: undefined,
  ar: () => import("./ar.ts"),
  de: () => import("./de.ts"),
  es: () => import("./es.ts"),
  fr: () => import("./fr.ts"),
  zh: () => import("./zh.ts"),
};

/** Those that are written from right to left. */
export const RIGHT_TO_LEFT = "ar";
