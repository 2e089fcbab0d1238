import { spoken } from "../language.ts";

/** What the page says of its own about an open message. */
const english = {
  back: "Back",
  delete: "Delete",
  print: "Print",
  left: (left: string) => `${left} left`,
  via: (sender: string) => `sent as ${sender}`,
  views: "Views of this message",
  html: "HTML",
  text: "Text",
  headers: "Headers",
  raw: "Raw",
  body: "Message body",
  blocked: (n: number) => (n === 1 ? "1 remote image blocked" : `${n} remote images blocked`),
  blockedWhy: "Loading images tells the sender that you read this.",
  load: "Load",
  empty: "This message has no text.",
  fromHtml: "Made from the HTML: this message has no text part.",
  noHtml: "The HTML of this message is too large or too odd to show. Text and raw are there.",
  unparsable: (why: string) => `This message could not be taken apart (${why}). Here it is as it came.`,
  tooSlow: "it took too long",
  tooLarge: "it is too large",
  broken: "it is broken",
  download: "Download",
  eml: "Download .eml",
  cut: (shown: string, whole: string) => `The first ${shown} of ${whole}.`,
  more: (n: number) => `and ${n} more`,
  progress: (done: string, whole: string) => `${done} of ${whole}…`,
  links: {
    title: "Links",
    elsewhere: (host: string) => `text says ${host}`,
    punycode: "look-alike letters possible",
  },
  attachments: {
    title: "Attachments",
    preview: "Preview",
    hide: "Hide",
    unnamed: "unnamed",
    saveAll: "Save all as .zip",
    saving: "Packing…",
    notSaved: "They could not be packed. Download them one by one.",
  },
  deeds: {
    title: "What this mail would have done",
    lead: "None of it happened.",
    loaded: "None of it happened, but for the images that you loaded.",
    images: (n: number, hosts: string) => `Load ${n === 1 ? "1 image" : `${n} images`} from ${hosts}`,
    trackers: (n: number, hosts: string) =>
      `Tell ${hosts} that you opened it, by ${n === 1 ? "1 tracking pixel" : `${n} tracking pixels`}`,
    scripts: (n: number) => `Run ${n === 1 ? "1 script" : `${n} scripts`}`,
    styles: (n: number) =>
      `Fetch ${n === 1 ? "1 style, font or background" : `${n} styles, fonts or backgrounds`}`,
    forms: (n: number, hosts: string) =>
      `Ask for input in ${n === 1 ? "1 form" : `${n} forms`}${hosts && ` that ${n === 1 ? "sends" : "send"} to ${hosts}`}`,
    frames: (n: number) => `Embed ${n === 1 ? "1 other page or object" : `${n} other pages or objects`}`,
    moves: (n: number) => `Lead you to another page by itself${n > 1 ? `, ${n} times` : ""}`,
    others: (n: number) => `Use ${n === 1 ? "1 thing" : `${n} things`} that mail has no use for`,
    lies: (n: number) => `Lead ${n === 1 ? "1 link" : `${n} links`} elsewhere than its text says`,
  },
  claims: {
    title: "Sender checks",
    by: (host: string) => `as ${host} says, not checked here`,
    unknown: "as the message says, not checked here",
    why: "A header of the message says so. This server did not check it, and a sender can write it as well.",
  },
};

export type ReaderWords = typeof english;

export const words = spoken("reader", english);
