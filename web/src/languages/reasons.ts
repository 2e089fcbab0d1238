/** The sentences with which the server says why it picked a code or a link, for translations. */

/** What a translation says of each kind of reason; `word` is quoted from the message. */
export interface ReasonWords {
  nextToInSubject: (word: string) => string;
  nextTo: (word: string) => string;
  afterInSubject: (word: string) => string;
  after: (word: string) => string;
  ownLineAfter: (word: string) => string;
  ownLineBefore: (word: string) => string;
  ownLineSubject: (word: string) => string;
  textSays: (word: string) => string;
  textBeforeSays: (word: string) => string;
  textBesideSays: (word: string) => string;
  subjectAsks: () => string;
  addressHas: (word: string) => string;
}

const PATTERNS: [RegExp, keyof ReasonWords][] = [
  [/^next to “(.*)” in the subject$/, "nextToInSubject"],
  [/^next to “(.*)”$/, "nextTo"],
  [/^after “(.*)” in the subject$/, "afterInSubject"],
  [/^after “(.*)”$/, "after"],
  [/^on a line of its own after “(.*)”$/, "ownLineAfter"],
  [/^on a line of its own before “(.*)”$/, "ownLineBefore"],
  [/^on a line of its own, with “(.*)” in the subject$/, "ownLineSubject"],
  [/^its text says “(.*)”$/, "textSays"],
  [/^the text before it says “(.*)”$/, "textBeforeSays"],
  [/^the text beside it says “(.*)”$/, "textBesideSays"],
  [/^the (subject) asks to confirm something$/, "subjectAsks"],
  [/^its address has “(.*)”$/, "addressHas"],
];

/** Return a function that translates a reason. It returns a sentence that it does not know as it is. */
export function translateReasons(say: ReasonWords): (english: string) => string {
  return (english) => {
    for (const [pattern, kind] of PATTERNS) {
      const word = pattern.exec(english)?.[1];
      if (word !== undefined) return say[kind](word);
    }
    return english;
  };
}
