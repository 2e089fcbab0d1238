/**
 * Removes whatever loads something from a style sheet.
 *
 * It works on the browser's parse, never on the text: escapes (`u\72l(`) and comments hide from a
 * search.
 */

import { decideColorScheme, decideMedia } from "./color-scheme.ts";
import type { ColorScheme, ViewOptions } from "./view-options.ts";

/** CSS functions that fetch, and `var()`, which could assemble one unseen. */
const FETCHING = /(?:url|image|image-set|cross-fade|element|src|var|env|attr)\(/i;

const STRING_OR_ESCAPE_OR_ID = /"(?:[^"\\]|\\.)*"|\\.|#/g;
/** DOMPurify's, for `SANITIZE_NAMED_PROPS`. */
const ID_PREFIX = "user-content-";

interface CssCounts {
  /** Remote URLs that were removed. */
  blocked: number;
  /** Remote URLs, removed or not. */
  remote: number;
}

interface CleanCss extends CssCounts {
  css: string;
}

/** Clean a whole style sheet. `options.images` allows remote images. */
export function cleanSheet(css: string, options: ViewOptions): CleanCss {
  const sheet = new CSSStyleSheet();
  // This drops every @import: a constructed sheet must not have one.
  sheet.replaceSync(css);
  const counts = cleanRules(sheet, options);
  const imports = css.match(/@import\b/gi)?.length ?? 0;
  const rules = [...sheet.cssRules].filter((rule) => !(rule instanceof CSSNamespaceRule));
  const kept = rules.map((rule) => rule.cssText).join("\n");
  // A string written `"\3c/style>"` comes out of the parser as `</style>`, and would end the
  // element.
  return {
    css: kept.replaceAll("</", "\\3c /").replaceAll("<!", "\\3c !"),
    blocked: counts.blocked,
    remote: counts.remote + imports,
  };
}

/** Clean the declarations of one rule, or of a `style` attribute, in place. */
export function cleanDeclarations(style: CSSStyleDeclaration, { images, scheme }: ViewOptions): CssCounts {
  const counts = { blocked: 0, remote: 0 };
  for (const name of [...style]) {
    const value = style.getPropertyValue(name);
    // A custom property keeps its escapes, and a value with `var()` is still unknown: remove both.
    const opaque = name.startsWith("--") || value === "";
    const remote = /https?:|\/\//i.test(value) && FETCHING.test(value);
    if (remote) counts.remote += 1;
    if (!opaque && (images || !FETCHING.test(value))) continue;
    if (/https?:|\/\//i.test(value)) counts.blocked += 1;
    style.removeProperty(name);
  }
  const schemes = style.getPropertyValue("color-scheme");
  const decided = decideColorScheme(schemes, scheme);
  if (decided !== schemes)
    style.setProperty("color-scheme", decided, style.getPropertyPriority("color-scheme"));
  return counts;
}

/** Return the value of a `media` attribute with its color schemes decided. */
export function cleanMedia(media: string, scheme: ColorScheme): string {
  return decideMedia(new CSSStyleSheet({ media }).media.mediaText, scheme);
}

/**
 * Return a selector, as the browser writes it, whose ids have the prefix that the sanitiser gives to
 * all ids of a message.
 */
export function prefixIds(selector: string): string {
  return selector.replace(STRING_OR_ESCAPE_OR_ID, (found) => (found === "#" ? `#${ID_PREFIX}` : found));
}

interface RuleOwner {
  readonly cssRules: CSSRuleList;
  deleteRule(index: number): void;
}

function cleanRules(owner: RuleOwner, options: ViewOptions): CssCounts {
  const counts = { blocked: 0, remote: 0 };
  const add = ({ blocked, remote }: CssCounts) => {
    counts.blocked += blocked;
    counts.remote += remote;
  };
  for (let index = owner.cssRules.length - 1; index >= 0; index -= 1) {
    const rule = owner.cssRules[index] as CSSRule;
    if (rule instanceof CSSStyleRule) {
      rule.selectorText = prefixIds(rule.selectorText);
      add(cleanDeclarations(rule.style, options));
      add(cleanRules(rule, options));
    } else if (rule instanceof CSSMediaRule || rule instanceof CSSSupportsRule) {
      if (rule instanceof CSSMediaRule)
        rule.media.mediaText = decideMedia(rule.media.mediaText, options.scheme);
      add(cleanRules(rule, options));
    } else if (!(rule instanceof CSSNamespaceRule)) {
      if (rule instanceof CSSFontFaceRule && /https?:|\/\//i.test(rule.cssText)) counts.remote += 1;
      // Delete @font-face, @import and rules yet to be invented. Deleting a @namespace may throw.
      owner.deleteRule(index);
    }
  }
  return counts;
}
