import { causeOf } from "../ui/cause.ts";
import { useEffect, useMemo, useState } from "preact/hooks";
import { useDelay } from "../ui/hooks.ts";
import { formatBytes } from "../ui/size.ts";
import { type MailSource, type ProgressCallback, SourceError, type Summary } from "../inbox/source.ts";
import { Chips } from "./chips.tsx";
import { Failed, Gone } from "../ui/error-states.tsx";
import { words as page } from "../languages/dictionary.ts";
import { words } from "./words.ts";
import { Attachments } from "./attachments.tsx";
import { readAuthResults } from "./auth-results.ts";
import { emptyBlockedContent } from "./blocked-content.ts";
import { AuthResultsLine } from "./auth-results-line.tsx";
import { BlockedContentPanel } from "./blocked-content-panel.tsx";
import { Heading } from "./heading.tsx";
import { LinkList } from "./link-list.tsx";
import { parse } from "./parse.ts";
import type { ParsedMessage } from "./parsed-message.ts";
import { type SanitisedHtml, sanitise } from "./sanitise.ts";
import { MessageViews } from "./message-views.tsx";
import { isWithinRenderLimits } from "./render-limits.ts";

interface ReaderProps {
  address: string;
  message: Summary;
  source: MailSource;
  maxAgeSeconds: number | null;
  removed: () => void;
  back: () => void;
}

type LoadedMessage =
  | { kind: "loading" }
  | { kind: "gone" }
  | { kind: "failed"; cause: string }
  | { kind: "unparsed"; raw: ArrayBuffer; why: string }
  | { kind: "parsed"; raw: ArrayBuffer; parsed: ParsedMessage };

/** One message: heading, body, attachments, links. */
export function Reader({ address, message, source, maxAgeSeconds, removed, back }: ReaderProps) {
  const { loaded, retry, progress } = useMessage(source, address, message.id);
  return (
    <article class="mail">
      <Heading
        address={address}
        message={message}
        parsed={loaded.kind === "parsed" ? loaded.parsed : null}
        source={source}
        maxAgeSeconds={maxAgeSeconds}
        removed={removed}
        back={back}
      />
      {loaded.kind === "loading" && <Loading progress={progress} />}
      {loaded.kind === "gone" && <Gone back={back} />}
      {loaded.kind === "failed" && <Failed cause={loaded.cause} retry={retry} />}
      {loaded.kind === "unparsed" && <Unparsed id={message.id} raw={loaded.raw} why={loaded.why} />}
      {loaded.kind === "parsed" && <MessageBody message={message} raw={loaded.raw} parsed={loaded.parsed} />}
    </article>
  );
}

/** Load and parse a message. Stop as soon as another one is opened. */
function useMessage(source: MailSource, address: string, id: number) {
  const [loaded, setLoaded] = useState<LoadedMessage>({ kind: "loading" });
  const [attempt, setAttempt] = useState(0);
  const [progress, setProgress] = useState<LoadProgress | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    setLoaded({ kind: "loading" });
    setProgress(null);
    const report = (loadedBytes: number, totalBytes: number) => {
      if (!abort.signal.aborted) setProgress({ loadedBytes, totalBytes });
    };
    void loadMessage(source, address, id, abort.signal, report).then((result) => {
      if (!abort.signal.aborted) setLoaded(result);
    });
    return () => abort.abort();
  }, [source, address, id, attempt]);
  return { loaded, progress, retry: () => setAttempt(attempt + 1) };
}

async function loadMessage(
  source: MailSource,
  address: string,
  id: number,
  signal: AbortSignal,
  report: ProgressCallback,
): Promise<LoadedMessage> {
  let raw: ArrayBuffer;
  try {
    raw = await source.raw(address, id, signal, report);
  } catch (error) {
    if (error instanceof SourceError && error.kind === "gone") return { kind: "gone" };
    return { kind: "failed", cause: causeOf(error) };
  }
  try {
    return { kind: "parsed", raw, parsed: await parse(raw, signal) };
  } catch (error) {
    return { kind: "unparsed", raw, why: causeOf(error) };
  }
}

interface LoadProgress {
  loadedBytes: number;
  totalBytes: number;
}

function Loading({ progress }: { progress: LoadProgress | null }) {
  const isSlow = useDelay(200);
  if (!isSlow) return null;
  if (!progress) return <p class="state">{page.inbox.loading}</p>;
  const { loadedBytes, totalBytes } = progress;
  const label = words.progress(formatBytes(loadedBytes), formatBytes(totalBytes));
  return (
    <div class="state">
      <progress value={loadedBytes} max={totalBytes} aria-label={label} />
      <p>{label}</p>
    </div>
  );
}

function Unparsed({ id, raw, why }: { id: number; raw: ArrayBuffer; why: string }) {
  return (
    <>
      <p class="banner warn" role="status">
        {words.unparsable(why)}
      </p>
      <MessageViews
        id={id}
        raw={raw}
        parsed={null}
        clean={null}
        images={false}
        loadImages={() => undefined}
      />
    </>
  );
}

/**
 * Sanitise HTML. Return null if there is none, if it is too large, or if the sanitiser fails on it.
 */
function sanitiseOrNull(
  html: string | null,
  images: boolean,
  inline: Record<string, string>,
): SanitisedHtml | null {
  if (!html || !isWithinRenderLimits(html)) return null;
  try {
    return sanitise(html, images, inline);
  } catch (error) {
    console.error(error);
    return null; // the text and the source can still be shown
  }
}

function MessageBody({
  message,
  raw,
  parsed,
}: {
  message: Summary;
  raw: ArrayBuffer;
  parsed: ParsedMessage;
}) {
  const [images, setImages] = useState(false);
  const { html } = parsed;
  const clean = useMemo(() => sanitiseOrNull(html, images, parsed.inline), [parsed, images]);
  const authResults = useMemo(() => readAuthResults(parsed.headers), [parsed]);
  return (
    <>
      {authResults && <AuthResultsLine authResults={authResults} />}
      <Chips codes={parsed.codes} links={parsed.links.filter((link) => link.reason !== "")} />
      <MessageViews
        id={message.id}
        raw={raw}
        parsed={parsed}
        clean={clean}
        images={images}
        loadImages={() => setImages(true)}
      />
      <Attachments parts={parsed.parts} count={parsed.partCount} id={message.id} date={message.date} />
      <BlockedContentPanel
        blockedContent={clean?.blockedContent ?? emptyBlockedContent()}
        links={parsed.links}
        images={images}
      />
      <LinkList links={parsed.links} />
    </>
  );
}
