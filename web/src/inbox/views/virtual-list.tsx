import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { hasChips } from "../../reader/chips.tsx";
import type { Summary } from "../source.ts";

/** Rows rendered above and below the visible ones, so that fast scrolling shows no gap. */
const OVERSCAN_ROWS = 8;
/** Load more when the last rendered row is this near to the end. */
const NEAR_END_ROWS = 20;
/** Render again only after scrolling this far. */
const SCROLL_STEP_PX = 256;
/** Row heights in px until the first rows are measured. */
const INITIAL_HEIGHTS = { low: 97, tall: 153 };

interface VirtualListProps {
  messages: readonly Summary[];
  draw: (message: Summary, index: number) => VNode;
  /** The message to focus. A new object with the same id moves the focus again. */
  focus: { id: number } | null;
  nearEnd: () => void;
}

/**
 * A list of any length that renders only its visible rows.
 *
 * A row has one of two heights, with chips or without: so each row's position is known without
 * rendering it.
 */
export function VirtualList({ messages, draw, focus, nearEnd }: VirtualListProps) {
  const list = useRef<HTMLUListElement>(null);
  const [heights, setHeights] = useState(INITIAL_HEIGHTS);
  const [visible, setVisible] = useState({ top: 0, bottom: innerHeight });
  const tops = useMemo(() => topsOf(messages, heights), [messages, heights]);
  const first = Math.max(0, rowAt(tops, visible.top) - OVERSCAN_ROWS);
  const last = Math.min(messages.length, rowAt(tops, visible.bottom) + 1 + OVERSCAN_ROWS);
  useEffect(() => {
    const update = () => list.current && setVisible((old) => visibleRange(old, list.current as HTMLElement));
    update();
    // Capture, to hear of all scrolling: the list scrolls on a wide screen, the page on a narrow
    // one.
    addEventListener("scroll", update, { capture: true, passive: true });
    addEventListener("resize", update);
    return () => {
      removeEventListener("scroll", update, { capture: true });
      removeEventListener("resize", update);
    };
  }, []);
  useLayoutEffect(() => {
    const measured = { low: heightOf(list.current, "low"), tall: heightOf(list.current, "tall") };
    const next = { low: measured.low ?? heights.low, tall: measured.tall ?? heights.tall };
    if (next.low !== heights.low || next.tall !== heights.tall) setHeights(next);
  });
  useEffect(() => {
    if (last > messages.length - NEAR_END_ROWS) nearEnd();
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

/** Return the top of each row, and the list's height at the end, in px. */
function topsOf(messages: readonly Summary[], { low, tall }: typeof INITIAL_HEIGHTS): Float64Array {
  const tops = new Float64Array(messages.length + 1);
  messages.forEach((message, index) => {
    tops[index + 1] = (tops[index] as number) + (hasChips(message) ? tall : low);
  });
  return tops;
}

/** Return the index of the row at a position in px, or of the nearest one, by binary search. */
function rowAt(tops: Float64Array, position: number): number {
  let low = 0;
  let high = Math.max(0, tops.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] as number) <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Return the visible range in px from the list's top, or `old` if it has hardly changed. */
function visibleRange(old: { top: number; bottom: number }, list: HTMLElement) {
  const top = Math.floor(-list.getBoundingClientRect().top / SCROLL_STEP_PX) * SCROLL_STEP_PX;
  const bottom = top + innerHeight + SCROLL_STEP_PX;
  return top === old.top && bottom === old.bottom ? old : { top, bottom };
}

function heightOf(list: HTMLElement | null, kind: string): number | undefined {
  return list?.querySelector(`.row.${kind}`)?.getBoundingClientRect().height;
}

/** Focus a message's link. Scroll to the message first if it is not rendered. */
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
    const position = list.current.getBoundingClientRect().top + (tops[index] as number);
    scrollerOf(list.current).scrollBy(0, position - innerHeight / 2);
  });
}

function scrollerOf(list: HTMLElement): Element {
  const pane = list.parentElement as HTMLElement;
  const scrolls = getComputedStyle(pane).overflowY === "auto";
  return scrolls ? pane : (document.scrollingElement as Element);
}
