/** The landing page. */
export const english = {
  title: "Make up an address, read its mail",
  lead: "Pick any name, give the address away, and watch what arrives. No account, no password.",
  name: "Inbox name",
  domain: "Domain",
  go: "Go",
  another: "Another name",
  lock: "Lock it",
  lockNote:
    "The address gets an ending, and this browser the only key. Without the key nobody opens the inbox.",
  recent: "Recent inboxes",
  forget: "Forget",
  invalid: "That is no address: a name without spaces, then a domain.",
  foreign: (domains: string) => `This server takes mail for ${domains} and what is below.`,
  anyDomain: "This server takes mail for any domain.",
  abuse: "Report abuse",
  points: (age: string | null, notice?: string) => [
    ["Any name works", "An inbox is there as soon as somebody writes to it."],
    ["Public by design", `${notice ?? "Anyone who knows the name can read it."} Send no secrets.`],
    [
      "Gone by itself",
      `Messages are deleted ${age ? `after ${age}` : "when room runs out"}; the address keeps working.`,
    ],
  ],
};

export type LandingWords = typeof english;
