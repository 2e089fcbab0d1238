/** The host of a web link as the network sees it (punycode and all), or null where it is no web link. */
export function hostOf(url: string): string | null {
  try {
    const { protocol, host } = new URL(url);
    return protocol === "https:" || protocol === "http:" ? host : null;
  } catch {
    return null;
  }
}

/** Labels in punycode may show as letters that look like others: gооgle.com with Cyrillic o. */
export function isPunycode(host: string): boolean {
  return host.split(".").some((label) => label.startsWith("xn--"));
}

/** The host that a link's text names where it is another one than the link's own, else null. */
export function otherHostInText(text: string, host: string): string | null {
  const named = /(?:^|[\s/@(<"'])((?:[\p{L}\p{N}-]+\.)+\p{L}{2,})(?=$|[\s/:?#)>"',.])/u.exec(text)?.[1];
  if (!named) return null;
  const written = hostOf(`https://${named}`);
  if (written === null) return null;
  return bare(written) === bare(host) ? null : named;
}

function bare(host: string): string {
  return host.replace(/:\d+$/, "").replace(/^www\./, "");
}
