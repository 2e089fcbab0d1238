import { formatBytes } from "../ui/size.ts";
import { Download } from "./download.tsx";
import { words } from "./words.ts";

const MAX_BYTES = 500_000;
const MAX_LINES = 20_000;

/** A message's source with line numbers, and its download. */
export function RawView({ raw, id }: { raw: ArrayBuffer; id: number }) {
  const { text, lines, isAll } = firstLines(raw);
  return (
    <>
      <div class="view-tools">
        <Download content={raw} name={`message-${id}.eml`} label={words.eml} describe={words.eml} />
        <span class="meta">
          {isAll
            ? formatBytes(raw.byteLength)
            : words.cut(formatBytes(text.length), formatBytes(raw.byteLength))}
        </span>
      </div>
      <div class="numbered" dir="ltr" tabIndex={0} role="region" aria-label={words.raw}>
        <pre class="numbers" aria-hidden="true">
          {lineNumbers(lines)}
        </pre>
        <pre class="raw">{text}</pre>
      </div>
    </>
  );
}

/** Return the part of the source that the page can show, and its number of lines. */
function firstLines(raw: ArrayBuffer): { text: string; lines: number; isAll: boolean } {
  const text = new TextDecoder().decode(raw.slice(0, MAX_BYTES)).replace(/\r\n?/g, "\n");
  let lines = 0;
  let end = -1;
  do {
    end = text.indexOf("\n", end + 1);
    lines += 1;
  } while (end >= 0 && lines < MAX_LINES);
  if (end >= 0) return { text: text.slice(0, end), lines, isAll: false };
  const isAll = raw.byteLength <= MAX_BYTES;
  return { text, lines: text.endsWith("\n") ? lines - 1 : lines, isAll };
}

function lineNumbers(lines: number): string {
  return Array.from({ length: lines }, (_, index) => index + 1).join("\n");
}
