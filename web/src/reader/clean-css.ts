/**
 * Takes whatever loads something out of a style sheet.
 *
 * It works on the browser's own parse, never on the text: in text, `u\72l(` and comments hide from any
 * search.
 */

/** Functions of CSS that fetch, and `var()`, which could put one together out of sight. */
const FETCHING = /(?:url|image|image-set|cross-fade|element|src|var|env|attr)\(/i;

export interface Cleaned {
  /** Addresses that would have been fetched, and are not. */
  blocked: number;
  /** Addresses that it has, fetched or not. */
  remote: number;
}

export interface CleanCss extends Cleaned {
  css: string;
}

export function cleanSheet(css: string, images: boolean): CleanCss {
  const sheet = new CSSStyleSheet();
  // Drops every @import, as a constructed sheet must not have one.
  sheet.replaceSync(css);
  const cleaned = cleanRules(sheet, images);
  const imports = css.match(/@import\b/gi)?.length ?? 0;
  const rules = [...sheet.cssRules].filter((rule) => !(rule instanceof CSSNamespaceRule));
  const kept = rules.map((rule) => rule.cssText).join("\n");
  // A string written `"\3c/style>"` comes out of the parser as `</style>`, and would end the element.
  return {
    css: kept.replaceAll("</", "\\3c /").replaceAll("<!", "\\3c !"),
    blocked: cleaned.blocked,
    remote: cleaned.remote + imports,
  };
}

export function cleanDeclarations(style: CSSStyleDeclaration, images: boolean): Cleaned {
  const cleaned = { blocked: 0, remote: 0 };
  for (const name of [...style]) {
    const value = style.getPropertyValue(name);
    // A custom property is kept as it was written, escapes and all, and one that waits for a `var()` says
    // nothing yet: neither can be judged by its looks.
    const opaque = name.startsWith("--") || value === "";
    const remote = /https?:|\/\//i.test(value) && FETCHING.test(value);
    if (remote) cleaned.remote += 1;
    if (!opaque && (images || !FETCHING.test(value))) continue;
    if (/https?:|\/\//i.test(value)) cleaned.blocked += 1;
    style.removeProperty(name);
  }
  return cleaned;
}

interface RuleOwner {
  readonly cssRules: CSSRuleList;
  deleteRule(index: number): void;
}

function cleanRules(owner: RuleOwner, images: boolean): Cleaned {
  const cleaned = { blocked: 0, remote: 0 };
  const add = ({ blocked, remote }: Cleaned) => {
    cleaned.blocked += blocked;
    cleaned.remote += remote;
  };
  for (let index = owner.cssRules.length - 1; index >= 0; index -= 1) {
    const rule = owner.cssRules[index] as CSSRule;
    if (rule instanceof CSSStyleRule) {
      add(cleanDeclarations(rule.style, images));
      add(cleanRules(rule, images));
    } else if (rule instanceof CSSMediaRule || rule instanceof CSSSupportsRule) {
      add(cleanRules(rule, images));
    } else if (!(rule instanceof CSSNamespaceRule)) {
      if (rule instanceof CSSFontFaceRule && /https?:|\/\//i.test(rule.cssText)) cleaned.remote += 1;
      // @font-face, @import and what is yet to be invented; to delete a @namespace before other rules throws.
      owner.deleteRule(index);
    }
  }
  return cleaned;
}
