import DOMPurify from "dompurify";
import { collapseSpace, stripTags } from "./strip-tags.ts";

const MAX_CHARS = 1_000_000;

/** Return the text that HTML shows, as far as the page can show it. Its parser knows every entity. */
export function htmlToText(html: string): string {
  const text = DOMPurify.sanitize(stripTags(html.slice(0, MAX_CHARS)), {
    RETURN_DOM: true,
    ALLOWED_TAGS: [],
  });
  return collapseSpace(text.textContent ?? "");
}
