/** Return the host of a web link in ASCII (punycode), or null if it is not a web link. */
export function hostOf(url: string): string | null {
  try {
    const { protocol, host } = new URL(url);
    return protocol === "https:" || protocol === "http:" ? host : null;
  } catch {
    return null;
  }
}

/** Return true if a host may show letters that look like others: gооgle.com with Cyrillic o. */
export function isPunycode(host: string): boolean {
  return host.split(".").some((label) => label.startsWith("xn--"));
}

/** Return the host that a link's text names if it differs from the link's own, else null. */
export function otherHostInText(text: string, host: string): string | null {
  const named = /(?:^|[\s/@(<"'])((?:[\p{L}\p{N}-]+\.)+\p{L}{2,})(?=$|[\s/:?#)>"',.])/u.exec(text)?.[1];
  if (!named) return null;
  const written = hostOf(`https://${named}`);
  if (written === null) return null;
  return withoutPortAndWww(written) === withoutPortAndWww(host) ? null : named;
}

function withoutPortAndWww(host: string): string {
  return host.replace(/:\d+$/, "").replace(/^www\./, "");
}
