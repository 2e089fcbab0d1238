/** What a person looks for in the result of an HTML check. */
import type { HtmlCheck, HtmlWarning, SupportScore } from "../inbox/source.ts";

/** Return the warnings that concern a family of mail programs; all of them for an empty name. */
export function warningsFor({ warnings }: HtmlCheck, family: string): HtmlWarning[] {
  if (!family) return warnings;
  return warnings
    .map((warning) => ({ ...warning, clients: warning.clients.filter((each) => each.family === family) }))
    .filter(({ clients }) => clients.length > 0);
}

/** Return the families, each with its name and the number of its warnings, those with most warnings first. */
export function listFamilies(check: HtmlCheck): { family: string; name: string; warnings: number }[] {
  const names = new Map<string, string>();
  for (const { clients } of check.warnings)
    for (const { family, name } of clients) if (!names.has(family)) names.set(family, name);
  return check.families
    .map((family) => ({
      family,
      name: names.get(family) ?? family,
      warnings: warningsFor(check, family).length,
    }))
    .sort((a, b) => b.warnings - a.warnings || a.name.localeCompare(b.name));
}

/** Return the widths of the bar's parts in percent. They add up to 100, whatever the server says. */
export function barWidths({ supported, partial, unsupported }: SupportScore): number[] {
  const parts = [supported, partial, unsupported].map((part) => (part > 0 ? part : 0));
  const sum = parts.reduce((all, part) => all + part, 0);
  return parts.map((part) => (sum > 0 ? (100 * part) / sum : 0));
}
