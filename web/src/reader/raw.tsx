import { useEffect, useState } from "preact/hooks";
import type { OpenMessage } from "../inbox/source.ts";
import { words as page } from "../languages/dictionary.ts";
import { causeOf } from "../ui/cause.ts";
import { Failed } from "../ui/error-states.tsx";
import { formatBytes } from "../ui/size.ts";
import { Download } from "./download.tsx";
import { words } from "./words.ts";

const MAX_BYTES = 500_000;
const MAX_LINES = 20_000;

interface Source {
  octets: Blob;
  /** The part that the page can show. */
  text: string;
  lines: number;
  isAll: boolean;
}

/** A message's source with line numbers, and its download. It is loaded when it is looked at. */
export function RawView({ opened, id }: { opened: OpenMessage; id: number }) {
  const [source, setSource] = useState<Source | { cause: string } | string>(page.inbox.loading);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    const set: typeof setSource = (next) => abort.signal.aborted || setSource(next);
    const report = (loadedBytes: number, totalBytes: number) =>
      set(words.progress(formatBytes(loadedBytes), formatBytes(totalBytes)));
    opened
      .raw(abort.signal, report)
      .then(readSource)
      .then(set, (error: unknown) => set({ cause: causeOf(error) }));
    return () => abort.abort();
  }, [opened, attempt]);
  if (typeof source === "string") return <p class="state">{source}</p>;
  if ("cause" in source) return <Failed cause={source.cause} retry={() => setAttempt(attempt + 1)} />;
  const { octets, text, lines, isAll } = source;
  return (
    <>
      <div class="view-tools">
        <Download
          load={() => Promise.resolve(octets)}
          name={`message-${id}.eml`}
          label={words.eml}
          describe={words.eml}
        />
        <span class="meta">
          {isAll ? formatBytes(octets.size) : words.cut(formatBytes(text.length), formatBytes(octets.size))}
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
async function readSource(octets: Blob): Promise<Source> {
  const text = (await octets.slice(0, MAX_BYTES).text()).replace(/\r\n?/g, "\n");
  let lines = 0;
  let end = -1;
  do {
    end = text.indexOf("\n", end + 1);
    lines += 1;
  } while (end >= 0 && lines < MAX_LINES);
  if (end >= 0) return { octets, text: text.slice(0, end), lines, isAll: false };
  const isAll = octets.size <= MAX_BYTES;
  return { octets, text, lines: text.endsWith("\n") ? lines - 1 : lines, isAll };
}

function lineNumbers(lines: number): string {
  return Array.from({ length: lines }, (_, index) => index + 1).join("\n");
}
