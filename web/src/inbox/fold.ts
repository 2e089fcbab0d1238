/**
 * Case, accents, width and typographic forms do not count in a search. `fold` in
 * `src/edgemail/mime/search_words.py` does the same; `tests/vectors/search.json` binds both.
 */

const CONTROLS = /[\p{Cc}\p{Cs}\u2028\u2029]/gu;
/**
 * What has no width, accents, and the points of Hebrew and Arabic. The vowel signs of other scripts are letters to
 * their readers, as are the two voicing marks of kana.
 */
const MARKS = /\p{Cf}|(?=[\p{sc=Zinh}\p{sc=Cyrl}\p{sc=Hebr}\p{sc=Arab}])(?![\u3099\u309a])\p{Mn}|\u0640/gu;
const LETTERS = new Map(
  "ßss æae œoe þth øo łl đd ðd ħh ŧt ıi ςσ \u2044/ \u2018' \u2019' \u02bb' \u02bc' \u2032' \u2010- \u2011- \u2012- \u2013- \u2014- \u2015- \u2212-"
    .split(" ")
    .map((pair) => [pair.charAt(0), pair.slice(1)]),
);

/** Return what a text and another have in common if a person takes them for the same. */
export function fold(text: string): string {
  return text
    .replace(CONTROLS, " ")
    .normalize("NFKD")
    .replace(MARKS, "")
    .toLowerCase()
    .replace(/[^\x00-\x7f]/g, (letter) => LETTERS.get(letter) ?? letter)
    .replace(/\p{Nd}/gu, (digit) => `${valueOf(digit.codePointAt(0) ?? 0)}`)
    .normalize("NFC");
}

/** The digits of a script follow each other, from 0 to 9. */
function valueOf(code: number): number {
  return /\p{Nd}/u.test(String.fromCodePoint(code - 1)) ? valueOf(code - 1) + 1 : 0;
}
