/**
 * Finds one-time codes in a message, and says why each was picked.
 *
 * What `src/edgemail/mime/codes.py` does, step by step: its docstrings tell why. `tests/vectors/codes.json` binds both.
 */
import type { FoundCode } from "../inbox/source.ts";
import { bad, good, promo, units, weak } from "../../../src/edgemail/mime/words.json";
import { strip, visible } from "./markup.ts";
import { lower, pattern, whole } from "./wordlists.ts";

export { findLinks } from "./links.ts";
export { htmlToText } from "./markup.ts";

interface Mark {
  start: number;
  end: number;
  kind: "bad" | "good" | "weak";
  word: string;
}

interface Candidate {
  row: number;
  start: number;
  end: number;
  code: string;
  alone: boolean;
  doubt: "" | "letters" | "date";
}

interface Verdict {
  score: number;
  reason: string;
}

const codesMax = 3;
const textMax = 32 * 1024;
const candidatesMax = 100;
const numbersMax = 1_000;
const markedMax = 8 * 1024;
const reach = 40;

const run = /[0-9]+(?:[ .,:/-][0-9]+)*/gu;
const digits = whole("[0-9]{4,8}|[0-9]{3}[ -][0-9]{3}|[0-9]{4}[ -][0-9]{4}");
const spaced = whole("[0-9](?: [0-9]){3,7}");
const mixed = /[A-Z]{1,3}-[0-9]{4,8}|[A-Z0-9]{3,4}-[A-Z0-9]{3,4}|[A-Z0-9]{5,8}/gu;
const prefixed = whole("[A-Z]{1,3}-[0-9]{4,8}");
const date = whole("(?:19|20)[0-9]{2}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))?");
const joinedBefore = /(?:[A-Za-z0-9_@#$€£¥₹₽₺₩+%&=/.-]|[0-9],|[$€£¥₹₽₺₩] |[*]{3})$/u;
const joinedAfter = /^(?:[A-Za-z0-9_@%=/]|[.:+-][A-Za-z0-9]|,[0-9])/u;
const linked = /(?:[:：=]|(?:^| )(?:is|ist|est|es|è|é|jest|är|er|on)|は|是|为|為)[ :："'“„«*([-]*$/iu;
const label = /[A-Z]{2,5} $/u;
const is =
  /^[ "'”»*)\]]*(?:(?:is|ist|est|es|è|é|to|jest|är|er|on|as|als|là|adalah)(?![A-Za-z])|[,:=–—-]|は|が|是|为|為|은|는|هو)/iu;
const sentence = /[.!?] |[。！？]/u;
const decoration = " *_~|\"'“”„«»‹›`.,:;!()[]{}<>【】「」・•→-—–";
const marker = new RegExp(pattern(bad, good, weak), "gu");
const promotion = new RegExp(pattern(promo), "u");
const unit = new RegExp(`^ ?${pattern(units)}`, "u");

/** Lists the codes of a message, at most three, best first. */
export function findCodes(subject: string, text: string): FoundCode[] {
  const page = new Page(subject, text);
  if (page.promotes(0)) return [];
  const best = new Map<string, Verdict>();
  let count = 0;
  for (const candidate of page.candidates()) {
    if (++count > candidatesMax) break;
    const verdict = page.judge(candidate);
    const known = best.get(candidate.code);
    if (verdict && (!known || verdict.score > known.score)) best.set(candidate.code, verdict);
  }
  const ranked = [...best].sort(([, a], [, b]) => b.score - a.score).slice(0, codesMax);
  const top = ranked[0]?.[1].score ?? 0;
  return ranked
    .filter(([, found]) => found.score > top - 40)
    .map(([code, found]) => ({ code, reason: found.reason }));
}

/** The subject, as row 0, and the lines of a text that are not empty. */
class Page {
  readonly #rows: string[];
  readonly #promotes = new Map<number, boolean>();
  readonly #marks = new Map<number, Mark[]>();
  #marked = 0;

  constructor(subject: string, text: string) {
    this.#rows = [linesOf(subject).join(" "), ...linesOf(text)];
  }

  *candidates(): Generator<Candidate> {
    let count = 0;
    for (const [row, line] of this.#rows.entries()) {
      if (!/[0-9]/u.test(line)) continue;
      const bare = strip(line, decoration);
      for (const { 0: found, index: start } of line.matchAll(run)) {
        if (++count > numbersMax) return;
        const end = start + found.length;
        const alone = bare === found;
        if (!(digits.test(found) || (alone && spaced.test(found))) || joined(line, start, end)) continue;
        const code = found.replace(/[ -]/gu, "");
        yield { row, start, end, code, alone, doubt: date.test(found) ? "date" : "" };
      }
      for (const { 0: found, index: start } of line.matchAll(mixed)) {
        if (++count > numbersMax) return;
        const end = start + found.length;
        if (/^[A-Z]+$/u.test(found) || /^[0-9-]+$/u.test(found) || joined(line, start, end)) continue;
        yield {
          row,
          start,
          end,
          code: found,
          alone: bare === found,
          doubt: prefixed.test(found) ? "" : "letters",
        };
      }
    }
  }

  promotes(row: number): boolean {
    let promotes = this.#promotes.get(row);
    if (promotes === undefined) {
      promotes = promotion.test(lower(this.#rows[row] ?? ""));
      this.#promotes.set(row, promotes);
    }
    return promotes;
  }

  judge(candidate: Candidate): Verdict | null {
    const { row, start, end } = candidate;
    if (this.promotes(row) || (row > 0 && (this.promotes(row + 1) || (row > 1 && this.promotes(row - 1)))))
      return null;
    const marks = this.#marksOf(row);
    let place = marks.findLastIndex((mark) => mark.end <= start);
    const nearest = marks[place];
    if (nearest?.kind === "bad" && start - nearest.end <= 8) return null;
    while (marks[place]?.kind === "bad" && start - (marks[place]?.end ?? 0) <= reach) place--;
    const left = marks[place];
    const right = marks.find((mark) => mark.start >= end);
    return (
      (left ? this.#after(candidate, left) : null) ??
      (right ? this.#before(candidate, right) : null) ??
      (candidate.alone ? this.#alone(candidate) : this.#wrapped(candidate))
    );
  }

  #marksOf(row: number): Mark[] {
    let marks = this.#marks.get(row);
    if (!marks) {
      const line = this.#rows[row] ?? "";
      const text = lower(line).slice(0, markedMax - this.#marked);
      this.#marked += text.length;
      marks = [...text.matchAll(marker)].map(({ 0: found, 1: isBad, 2: isGood, index }) => ({
        start: index,
        end: index + found.length,
        kind: isBad !== undefined ? "bad" : isGood !== undefined ? "good" : "weak",
        word: line.slice(index, index + found.length),
      }));
      this.#marks.set(row, marks);
    }
    return marks;
  }

  #after({ row, start, doubt }: Candidate, mark: Mark): Verdict | null {
    const good = mark.kind === "good";
    if (mark.kind === "bad" || start - mark.end > (good ? reach : 12)) return null;
    const between = (this.#rows[row] ?? "").slice(mark.end, start);
    const says = linked.test(between);
    const bare = strip(between, decoration) === "";
    if (doubt === "date" && !says) return null;
    if (!bare && sentence.test(between)) return null;
    if (!(bare || says) && (label.test(between) || plain(mark, between.length))) return null;
    if (doubt === "letters" && !(good && (bare || says))) return null;
    return { score: (good ? 100 : 55) - between.length + (says ? 20 : 0), reason: beside(mark, row) };
  }

  #before({ row, end, doubt }: Candidate, mark: Mark): Verdict | null {
    const good = mark.kind === "good";
    const far = !good ? 8 : doubt === "letters" ? 12 : reach;
    if (mark.kind === "bad" || doubt === "date" || mark.start - end > far) return null;
    const between = (this.#rows[row] ?? "").slice(end, mark.start);
    if (!is.test(between) && (between.length > 3 || !good || sentence.test(between))) return null;
    return { score: (good ? 85 : 50) - between.length, reason: beside(mark, row) };
  }

  #wrapped({ row, start, end, doubt }: Candidate): Verdict | null {
    if (row < 1 || doubt !== "") return null;
    const line = this.#rows[row] ?? "";
    const above = row > 1 ? this.#marksOf(row - 1).at(-1) : undefined;
    if (above?.kind === "good") {
      const between = `${(this.#rows[row - 1] ?? "").slice(above.end)} ${line.slice(0, start)}`;
      if (between.length <= 12 && !/[0-9]/u.test(between)) return { score: 75, reason: beside(above, row) };
    }
    const below = this.#marksOf(row + 1)[0];
    if (below?.kind === "good") {
      const between = `${line.slice(end)} ${(this.#rows[row + 1] ?? "").slice(0, below.start)}`;
      if (between.length <= 12 && is.test(between)) return { score: 70, reason: beside(below, row) };
    }
    return null;
  }

  #alone({ row, doubt }: Candidate): Verdict | null {
    for (let distance = 1; distance < Math.min(row, 6); distance++) {
      const marks = this.#marksOf(row - distance);
      const last = marks.at(-1);
      if (last?.kind === "bad" && (this.#rows[row - distance] ?? "").length - last.end <= 15) return null;
      const mark = bestOf(marks);
      if (mark && (doubt === "" || mark.kind === "good")) {
        const score = (mark.kind === "good" ? 95 : 65) - 5 * distance;
        return { score, reason: `on a line of its own after “${mark.word}”` };
      }
    }
    for (const distance of [1, 2]) {
      const mark = this.#marksOf(row + distance)[0];
      if (mark?.kind === "good" && mark.start <= reach && doubt !== "date")
        return { score: 75 - 5 * distance, reason: `on a line of its own before “${mark.word}”` };
    }
    const marks = this.#marksOf(0);
    const mark = bestOf(marks);
    if (row === 0 || !mark || doubt === "date") return null;
    if (mark.kind === "weak" && (doubt === "letters" || marks.some(({ kind }) => kind === "bad")))
      return null;
    const reason = `on a line of its own, with “${mark.word}” in the subject`;
    return { score: mark.kind === "good" ? 70 : 50, reason };
  }
}

function linesOf(text: string): string[] {
  const folded = visible(text.slice(0, textMax)).replace(/:\/\/[^ \n<>"]+/gu, "…");
  const rows = folded.split("\n").map((row) => strip(row.replace(/ {2,}/gu, " "), " "));
  return rows.filter((row) => row !== "");
}

function joined(line: string, start: number, end: number): boolean {
  return (
    joinedBefore.test(line.slice(Math.max(0, start - 3), start)) ||
    joinedAfter.test(line.slice(end, end + 2)) ||
    unit.test(lower(line.slice(end, end + 20)))
  );
}

function plain(mark: Mark, gap: number): boolean {
  return gap > 16 && !/[ -]/u.test(mark.word);
}

function bestOf(marks: Mark[]): Mark | undefined {
  return marks.findLast(({ kind }) => kind === "good") ?? marks.findLast(({ kind }) => kind === "weak");
}

function beside(mark: Mark, row: number): string {
  return `next to “${mark.word}”${row ? "" : " in the subject"}`;
}
