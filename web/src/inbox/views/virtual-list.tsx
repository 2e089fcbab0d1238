import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { hasChips } from "../../reader/chips.tsx";
import type { Summary } from "../source.ts";

/** Rows that are drawn above and below what can be seen, so that a quick thumb meets no gap. */
const SPARE = 8;
/** So near to the end, more is asked for. */
const NEAR_ROWS = 20;
/** A window that moves less needs no new look. */
const STEP_PX = 256;
/** Until the first rows were measured. */
const GUESSED = { low: 97, tall: 153 };

interface RowsProps {
  messages: readonly Summary[];
  draw: (message: Summary, index: number) => VNode;
  /** The message whose link gets the focus, wherever it stands; each new object asks anew. */
  focus: { id: number } | null;
  nearEnd: () => void;
}

/**
 * A list as long as it likes, of which only what is seen is drawn.
 *
 * Rows have one of two heights, with chips or without, so that every place is known without drawing it.
 */
export function Rows({ messages, draw, focus, nearEnd }: RowsProps) {
  const list = useRef<HTMLUListElement>(null);
  const [heights, setHeights] = useState(GUESSED);
  const [seen, setSeen] = useState({ top: 0, bottom: innerHeight });
  const tops = useMemo(() => topsOf(messages, heights), [messages, heights]);
  const first = Math.max(0, rowAt(tops, seen.top) - SPARE);
  const last = Math.min(messages.length, rowAt(tops, seen.bottom) + 1 + SPARE);
  useEffect(() => {
    const look = () => list.current && setSeen((old) => moved(old, list.current as HTMLElement));
    look();
    // Capturing: on a wide screen the list itself scrolls, on a narrow one the page does.
    addEventListener("scroll", look, { capture: true, passive: true });
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look, { capture: true });
      removeEventListener("resize", look);
    };
  }, []);
  useLayoutEffect(() => {
    const measured = { low: heightOf(list.current, "low"), tall: heightOf(list.current, "tall") };
    const next = { low: measured.low ?? heights.low, tall: measured.tall ?? heights.tall };
    if (next.low !== heights.low || next.tall !== heights.tall) setHeights(next);
  });
  useEffect(() => {
    if (last > messages.length - NEAR_ROWS) nearEnd();
  }, [last, messages.length]);
  useFocus(list, messages, tops, focus);
  return (
    <ul
      ref={list}
      class="messages"
      style={{
        paddingBlockStart: `${tops[first] ?? 0}px`,
        paddingBlockEnd: `${(tops[messages.length] ?? 0) - (tops[last] ?? 0)}px`,
      }}
    >
      {messages.slice(first, last).map((message, index) => draw(message, first + index))}
    </ul>
  );
}

/** The place of each row from the list's top, and behind the last one the list's height, in px. */
function topsOf(messages: readonly Summary[], { low, tall }: typeof GUESSED): Float64Array {
  const tops = new Float64Array(messages.length + 1);
  messages.forEach((message, index) => {
    tops[index + 1] = (tops[index] as number) + (hasChips(message) ? tall : low);
  });
  return tops;
}

/** The row at a place, by halving; the nearest one where there is none. */
function rowAt(tops: Float64Array, place: number): number {
  let low = 0;
  let high = Math.max(0, tops.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] as number) <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

function moved(old: { top: number; bottom: number }, list: HTMLElement) {
  const top = Math.floor(-list.getBoundingClientRect().top / STEP_PX) * STEP_PX;
  const bottom = top + innerHeight + STEP_PX;
  return top === old.top && bottom === old.bottom ? old : { top, bottom };
}

function heightOf(list: HTMLElement | null, kind: string): number | undefined {
  return list?.querySelector(`.row.${kind}`)?.getBoundingClientRect().height;
}

/** Focus a message's link; one that is not drawn is scrolled to first. */
function useFocus(
  list: { readonly current: HTMLElement | null },
  messages: readonly Summary[],
  tops: Float64Array,
  focus: { id: number } | null,
): void {
  const done = useRef(focus);
  useLayoutEffect(() => {
    if (!focus || done.current === focus || !list.current) return;
    const link = list.current.querySelector<HTMLElement>(`a[data-id="${focus.id}"]`);
    if (link) {
      done.current = focus;
      link.focus();
      return;
    }
    const index = messages.findIndex(({ id }) => id === focus.id);
    if (index < 0) return;
    const place = list.current.getBoundingClientRect().top + (tops[index] as number);
    scrollerOf(list.current).scrollBy(0, place - innerHeight / 2);
  });
}

function scrollerOf(list: HTMLElement): Element {
  const pane = list.parentElement as HTMLElement;
  const scrolls = getComputedStyle(pane).overflowY === "auto";
  return scrolls ? pane : (document.scrollingElement as Element);
}
