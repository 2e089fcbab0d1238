import { useEffect, useMemo, useRef } from "preact/hooks";
import { formatBytes } from "../ui/size.ts";
import { checksWords } from "./checks-words.ts";
import { cutSource, lineNumbers, lineRange } from "./source-lines.ts";
import { words } from "./words.ts";

interface HtmlSourceProps {
  html: string;
  /** The line to show; a new object shows it again. */
  jump: { line: number } | null;
}

/** The HTML as it was sent, with line numbers. Nothing of it is rendered. */
export function HtmlSource({ html, jump }: HtmlSourceProps) {
  const holder = useRef<HTMLDivElement>(null);
  const mark = useRef<HTMLElement>(null);
  const { text, lines, isAll } = useMemo(() => cutSource(html), [html]);
  const range = jump && lineRange(text, jump.line);
  useEffect(() => {
    const [box, line] = [holder.current, mark.current];
    if (!box || !line) return;
    box.scrollIntoView({ block: "nearest" });
    box.scrollTop = line.offsetTop - box.clientHeight / 3;
    box.scrollLeft = 0;
    line.focus({ preventScroll: true });
  }, [jump]);
  return (
    <>
      <h4>{checksWords.source}</h4>
      <div
        class="numbered html-source"
        dir="ltr"
        tabIndex={0}
        role="region"
        aria-label={checksWords.source}
        ref={holder}
      >
        <pre class="numbers" aria-hidden="true">
          {lineNumbers(lines)}
        </pre>
        <pre class="raw">
          {range ? text.slice(0, range.start) : text}
          {range && (
            <mark ref={mark} tabIndex={-1}>
              {text.slice(range.start, range.end) || " "}
            </mark>
          )}
          {range && text.slice(range.end)}
        </pre>
      </div>
      {!isAll && <p class="meta">{words.cut(formatBytes(text.length), formatBytes(html.length))}</p>}
    </>
  );
}
