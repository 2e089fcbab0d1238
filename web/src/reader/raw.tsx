import { useEffect, useState } from "preact/hooks";
import type { OpenMessage } from "../inbox/source.ts";
import { words as page } from "../languages/dictionary.ts";
import { causeOf } from "../ui/cause.ts";
import { Failed } from "../ui/error-states.tsx";
import { formatBytes } from "../ui/size.ts";
import { Download } from "./download.tsx";
import { curlCommand } from "./curl-command.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { type CutSource, cutSource, lineNumbers, MAX_SOURCE_CHARS } from "./source-lines.ts";
import { words } from "./words.ts";

interface Source extends CutSource {
  octets: Blob;
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
    setSource(page.inbox.loading); // also in place of what failed before
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
          title={words.emlWhy}
          type="message/rfc822"
        />
        {opened.rawPath && (
          <CopyButton
            text={curlCommand(opened.rawPath, document.baseURI, `message-${id}.eml`)}
            what={words.asCurl}
          >
            <span dir="ltr">curl</span>
          </CopyButton>
        )}
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

async function readSource(octets: Blob): Promise<Source> {
  const cut = cutSource(await octets.slice(0, MAX_SOURCE_CHARS).text());
  return { octets, ...cut, isAll: cut.isAll && octets.size <= MAX_SOURCE_CHARS };
}
