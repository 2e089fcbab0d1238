/** Replaces tags by what they mean to plain text. The entities stay. */

/**
 * A comment, an element that shows nothing, a declaration, or a tag. Each alternative matches to the
 * end of the text if nothing closes it, so that hostile HTML takes no longer than its length asks for.
 */
const TAG =
  /<!--[^]*?(?:-->|$)|<(script|style|title|template|noscript)(?![a-z0-9-])[^>]*(?:>[^]*?(?:<\/\1[ \t\r\n]*>|$)|$)|<[!?][^>]*>?|<\/?([a-z][a-z0-9]*)[^>=]*(?:=[ \t\r\n]*(?:"[^"]*"|'[^']*'|)[^>=]*)*>?/gi;
const BREAKS =
  /^(?:address|article|aside|blockquote|body|br|center|dd|div|dl|dt|fig(?:caption|ure)|footer|form|h[1-6r]|head|header|html|li|main|nav|ol|p|pre|section|table|tbody|tr|ul)$/i;

export function stripTags(html: string): string {
  return html
    .replace(/[ \t\r\n\f]+/g, " ")
    .replace(TAG, (_tag, _hidden, name = "") =>
      BREAKS.test(name) ? "\n" : /^t[dh]$/i.test(name) ? " " : "",
    );
}

/** Collapse the white space that tags leave. */
export function collapseSpace(text: string): string {
  return text
    .replace(/[ \t\r]+/g, " ")
    .replace(/ ?\n ?/g, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}
