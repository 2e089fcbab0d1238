/** What mail programs make of a message's HTML, and where its links lead. */
export const english = {
  html: "HTML check",
  checking: "Checking…",
  score: "What mail programs support of this HTML",
  supported: (percent: string) => `${percent} supported`,
  partial: (percent: string) => `${percent} in part`,
  unsupported: (percent: string) => `${percent} not supported`,
  measured: (tests: number, nodes: number) =>
    `${tests} features looked for, ${nodes === 1 ? "1 element" : `${nodes} elements`}.`,
  facts: (date: string) => `Facts from caniemail.com of ${date}`,
  truncated: "The HTML is so long that its end was not checked.",
  leftOut: (n: number) => (n === 1 ? "1 more link was not asked." : `${n} more links were not asked.`),
  family: "Mail programs",
  allFamilies: "All mail programs",
  warnings: "Warnings",
  noWarnings: "No warnings.",
  about: (title: string) => `About ${title}`,
  found: (n: number) => (n === 1 ? "found once" : `found ${n} times`),
  line: (n: number) => `Line ${n}`,
  clients: (n: number) => (n === 1 ? "1 mail program" : `${n} mail programs`),
  support: { no: "no", partial: "in part", unknown: "unknown" },
  source: "HTML source",
  noHtml: "This message has no HTML.",
  links: "Link check",
  linksWhy:
    "The server asks each address whether it is there, and whoever runs that address sees it. It asks only when you press the button.",
  checkLinks: "Check links",
  again: "Check again",
  noLinks: "The message has no web links.",
  result: (links: number, errors: number) =>
    `${links === 1 ? "1 link" : `${links} links`}, ${errors === 0 ? "all answer" : errors === 1 ? "1 fails" : `${errors} fail`}`,
  hops: (n: number) => (n === 1 ? "by 1 redirect" : `by ${n} redirects`),
};

export type ChecksWords = typeof english;
