/** What a message is made of, and what its headers say of its way. */
export const english = {
  title: "Parts of the message",
  role: { text: "text", html: "HTML", attachment: "attachment", inline: "inline" },
  cut: "There are more parts than this page lists.",
  download: (name: string) => `Download part ${name}`,
  envelope: {
    title: "Envelope",
    why: "This server knows it from the SMTP session. The headers need not say the same.",
    notHere: "The message has no header in which this server says how it came.",
    from: "Sender (MAIL FROM)",
    to: "Recipients (RCPT TO)",
    peer: "Sent from",
    hello: "Called itself",
    protocol: "Protocol",
    encrypted: "encrypted",
    plain: "not encrypted",
    loggedIn: "logged in",
    date: "Accepted",
    server: "By",
    transaction: "Id in the log",
    size: "Size",
  },
  auth: {
    title: "SPF, DKIM, DMARC and ARC",
    none: "No header reports results, and this server makes none.",
    by: (host: string) => `by ${host}`,
    noResults: "It reports no results.",
  },
  unsubscribe: {
    title: "Unsubscribe",
    none: "There is no List-Unsubscribe header.",
    oneClickMark: "One click",
    oneClick:
      "The headers are as RFC 8058 asks, and a DKIM signature names them. Nobody has checked that signature here.",
    never: "This page asks none of these addresses for anything.",
    problems: {
      twice: "A header stands there more than once.",
      noBrackets: "The addresses are not in angle brackets.",
      noUrl: "The header names no address.",
      badUrl: "An address is neither a web address nor mailto:.",
      plainHttp: "An address is http:, without encryption.",
      noHttps: "There is no https: address, which one-click unsubscribe needs.",
      noPost: "There is no List-Unsubscribe-Post header, which one-click unsubscribe needs.",
      badPost: "List-Unsubscribe-Post must say List-Unsubscribe=One-Click.",
      postAlone: "There is a List-Unsubscribe-Post header without List-Unsubscribe.",
      notSigned: "No DKIM signature names both headers, which one-click unsubscribe needs.",
    },
  },
};

export type PartsWords = typeof english;
