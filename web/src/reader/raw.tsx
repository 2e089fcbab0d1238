import { bytes } from "../ui/size.ts";
import { Download } from "./download.tsx";
import { words } from "./words.ts";

const SHOWN_BYTES = 500_000;
const SHOWN_LINES = 20_000;

export function RawView({ raw, id }: { raw: ArrayBuffer; id: number }) {
  const { text, lines, isAll } = beginningOf(raw);
  return (
    <>
      <div class="view-tools">
        <Download content={raw} name={`message-${id}.eml`} label={words.eml} describe={words.eml} />
        <span class="meta">
          {isAll ? bytes(raw.byteLength) : words.cut(bytes(text.length), bytes(raw.byteLength))}
        </span>
      </div>
      <div class="numbered" dir="ltr" tabIndex={0} role="region" aria-label={words.raw}>
        <pre class="numbers" aria-hidden="true">
          {numbers(lines)}
        </pre>
        <pre class="raw">{text}</pre>
      </div>
    </>
  );
}

/** As much as a page can show at once, and of how many lines it is. */
function beginningOf(raw: ArrayBuffer): { text: string; lines: number; isAll: boolean } {
  const text = new TextDecoder().decode(raw.slice(0, SHOWN_BYTES)).replace(/\r\n?/g, "\n");
  let lines = 0;
  let end = -1;
  do {
    end = text.indexOf("\n", end + 1);
    lines += 1;
  } while (end >= 0 && lines < SHOWN_LINES);
  if (end >= 0) return { text: text.slice(0, end), lines, isAll: false };
  const isAll = raw.byteLength <= SHOWN_BYTES;
  return { text, lines: text.endsWith("\n") ? lines - 1 : lines, isAll };
}

function numbers(lines: number): string {
  return Array.from({ length: lines }, (_, index) => index + 1).join("\n");
}
