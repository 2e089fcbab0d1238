import { useEffect, useMemo, useState } from "preact/hooks";
import type { Summary } from "../source.ts";

type MakeMatcher = typeof import("../search-terms.ts").makeMatcher;

const everything = () => true;

/**
 * Return what tells whether a listed message matches the search text; null for a text without words.
 *
 * Its code is fetched when it is first needed. Until then every message matches.
 */
export function useMatcher(text: string): ((message: Summary) => boolean) | null {
  const [make, setMake] = useState<{ matcher: MakeMatcher } | null>(null);
  const isNeeded = text.trim() !== "";
  useEffect(() => {
    if (!isNeeded || make) return;
    import("../search-terms.ts").then(
      ({ makeMatcher }) => setMake({ matcher: makeMatcher }),
      () => undefined, // what the source finds is shown all the same
    );
  }, [isNeeded, make]);
  return useMemo(() => {
    if (!isNeeded) return null;
    return make ? make.matcher(text) : everything;
  }, [text, isNeeded, make]);
}
