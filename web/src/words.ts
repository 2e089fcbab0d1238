/** What the page says of its own before a message is opened. Another language is another object of this shape. */
const english = {
  inbox: {
    copy: "Copy",
    address: "address",
    copied: "Copied",
    fresh: "New",
    freshTitle: "Another inbox",
    deleteAll: "Delete all",
    public: "Public inbox: anyone who knows the name can read it.",
    kept: (age: string) => `Messages go after ${age}, the address stays.`,
    share: "Share",
    notify: "Notify me of new mail",
    notifying: "Notify me of new mail: on",
    notifyDenied: "Your browser does not let this page notify you",
    place: "Where this page reads, and how long an answer takes",
    messages: "Messages",
    search: (n: number, more: boolean) => `Search ${n}${more ? "+" : ""} ${n === 1 ? "message" : "messages"}`,
    order: "Order",
    newest: "Newest",
    oldest: "Oldest",
    unreadFirst: "Unread",
    none: "Nothing here matches.",
    searching: "Looking through the text of all messages…",
    searchFailed: (cause: string) => `Not all was searched: ${cause}`,
    older: "Load older messages",
    loading: "Loading…",
    noSubject: "(no subject)",
    noSender: "(no sender)",
    unread: "Unread",
    open: "Open",
    arrived: (from: string, subject: string) => `New message from ${from}: ${subject}`,
    pick: "Choose a message to read it.",
  },
  empty: {
    title: "Listening…",
    lead: "Mail to this address shows up here by itself.",
    tryIt: "Try it from a terminal",
    command: "command",
  },
  live: {
    live: "live",
    lost: "not live",
    connecting: "connecting…",
    waiting: (seconds: number) => `reconnecting in ${seconds} s`,
    offline: "offline",
    retry: "Retry now",
  },
  failed: {
    title: "This did not work",
    offline: "You are offline.",
    again: (seconds: number) => `Trying again in ${seconds} s.`,
    retry: "Retry",
    chunk: "A part of the page could not be loaded. The server may be away, or a newer one.",
    start: "The page could not start.",
  },
  message: {
    reading: "Message",
    gone: "This message is gone",
    goneLead: "It expired, or somebody deleted it.",
    toInbox: "To the inbox",
    code: "code",
    attached: "Attachments",
  },
  time: {
    now: "now",
    minutes: (n: number) => `${n} min`,
    hours: (n: number) => `${n} h`,
    days: (n: number) => `${n} d`,
    wholeDays: (n: number) => (n === 1 ? "1 day" : `${n} days`),
    wholeHours: (n: number) => (n === 1 ? "1 hour" : `${n} hours`),
  },
  keys: "Keyboard",
  language: "Language",
  /** Why a code or a link was picked, as the program says it in English. */
  reason: (english: string) => english,
  trouble: {
    server: "The server cannot be reached.",
    answer: (status: string) => `The server answered ${status}.`,
    source: (name: string) => `config.json names a source that this page does not know: ${name}`,
  },
  theme: { auto: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" },
};

export type Words = typeof english;

export let words: Words = english;

export function translate(translation: Words): void {
  words = translation;
}
