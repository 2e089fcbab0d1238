/**
 * Takes whatever loads something out of a style sheet.
 *
 * It works on the browser's own parse, never on the text: in text, `u\72l(` and comments hide from any
 * search.
 */

/** Functions of CSS that fetch, and `var()`, which could put one together out of sight. */
const FETCHING = /(?:url|image|image-set|cross-fade|element|src|var|env|attr)\(/i;

export interface CleanCss {
  css: string;
  /** Addresses that would have been fetched. */
  blocked: number;
}

export function cleanSheet(css: string, images: boolean): CleanCss {
  const sheet = new CSSStyleSheet();
  // Drops every @import, as a constructed sheet must not have one.
  sheet.replaceSync(css);
  const blocked = cleanRules(sheet, images);
  const kept = [...sheet.cssRules].map((rule) => rule.cssText).join("\n");
  // A string written `"\3c/style>"` comes out of the parser as `</style>`, and would end the element.
  return { css: kept.replaceAll("</", "\\3c /").replaceAll("<!", "\\3c !"), blocked };
}

export function cleanDeclarations(style: CSSStyleDeclaration, images: boolean): number {
  let blocked = 0;
  for (const name of [...style]) {
    const value = style.getPropertyValue(name);
    // A custom property is kept as it was written, escapes and all, and one that waits for a `var()` says
    // nothing yet: neither can be judged by its looks.
    const opaque = name.startsWith("--") || value === "";
    if (!opaque && (images || !FETCHING.test(value))) continue;
    if (/https?:|\/\//i.test(value)) blocked += 1;
    style.removeProperty(name);
  }
  return blocked;
}

interface RuleOwner {
  readonly cssRules: CSSRuleList;
  deleteRule(index: number): void;
}

function cleanRules(owner: RuleOwner, images: boolean): number {
  let blocked = 0;
  for (let index = owner.cssRules.length - 1; index >= 0; index -= 1) {
    const rule = owner.cssRules[index] as CSSRule;
    if (rule instanceof CSSStyleRule) {
      blocked += cleanDeclarations(rule.style, images) + cleanRules(rule, images);
    } else if (rule instanceof CSSMediaRule || rule instanceof CSSSupportsRule) {
      blocked += cleanRules(rule, images);
    } else {
      // @font-face, @import, @namespace and what is yet to be invented.
      owner.deleteRule(index);
    }
  }
  return blocked;
}
