/** Makes regular expressions of the word lists that the program and the page share. */
type List = { words: string[]; signs: string[] };

const letter = "[a-z\\u00df-\\u024f\\u0370-\\u052f\\u1e00-\\u1eff]";

/** Matches what is in the lists, in lower case: a group for each where there are more than one. */
export function pattern(...lists: List[]): string {
  const opening = lists.length > 1 ? "(" : "(?:";
  return lists
    .map(({ words, signs }) => {
      const word = `(?<!${letter})(?=${letter}|2)(?:${words.join("|")})(?!${letter})`;
      return `${opening}${word}|(?=[^a-z0-9 ])(?:${signs.join("|")}))`;
    })
    .join("|");
}

/** Lowers the case and keeps the length. */
export function lower(text: string): string {
  return text.replaceAll("\u0130", "i").toLowerCase();
}

/** Matches a text from its beginning to its end. */
export const whole = (source: string, flags = "u") => new RegExp(`^(?:${source})$`, flags);
