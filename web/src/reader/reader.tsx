import { useEffect, useMemo, useState } from "preact/hooks";
import { useDelay } from "../ui/hooks.ts";
import { bytes } from "../ui/size.ts";
import { type MailSource, type Progress, SourceError, type Summary } from "../inbox/source.ts";
import { Chips } from "./chips.tsx";
import { Failed, Gone } from "../ui/states.tsx";
import { words as page } from "../languages/dictionary.ts";
import { words } from "./words.ts";
import { Attachments } from "./attachments.tsx";
import { readClaims } from "./auth-results.ts";
import { noDeeds } from "./blocked-content.ts";
import { Claims } from "./auth-results-line.tsx";
import { WouldHaveDone } from "./blocked-content-panel.tsx";
import { Heading } from "./heading.tsx";
import { Links } from "./link-list.tsx";
import { parse } from "./parse.ts";
import type { Parsed } from "./parsed-message.ts";
import { type Clean, sanitise } from "./sanitise.ts";
import { Views } from "./message-views.tsx";
import { isLight } from "./render-limits.ts";

export interface ReaderProps {
  message: Summary;
  source: MailSource;
  maxAgeSeconds: number | null;
  removed: () => void;
  back: () => void;
}

type Opened =
  | { kind: "loading" }
  | { kind: "gone" }
  | { kind: "failed"; cause: string }
  | { kind: "unparsed"; raw: ArrayBuffer; why: string }
  | { kind: "parsed"; raw: ArrayBuffer; parsed: Parsed };

export function Reader({ message, source, maxAgeSeconds, removed, back }: ReaderProps) {
  const { opened, retry, progress } = useMessage(source, message.id);
  return (
    <article class="mail">
      <Heading
        message={message}
        parsed={opened.kind === "parsed" ? opened.parsed : null}
        source={source}
        maxAgeSeconds={maxAgeSeconds}
        removed={removed}
        back={back}
      />
      {opened.kind === "loading" && <Loading progress={progress} />}
      {opened.kind === "gone" && <Gone back={back} />}
      {opened.kind === "failed" && <Failed cause={opened.cause} retry={retry} />}
      {opened.kind === "unparsed" && <Unparsed id={message.id} raw={opened.raw} why={opened.why} />}
      {opened.kind === "parsed" && <Body message={message} raw={opened.raw} parsed={opened.parsed} />}
    </article>
  );
}

/** The raw message, taken apart; left again as soon as the reader turns to another one. */
function useMessage(source: MailSource, id: number) {
  const [opened, setOpened] = useState<Opened>({ kind: "loading" });
  const [attempt, setAttempt] = useState(0);
  const [progress, setProgress] = useState<Come | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    setOpened({ kind: "loading" });
    setProgress(null);
    const tell = (done: number, whole: number) => {
      if (!abort.signal.aborted) setProgress({ done, whole });
    };
    void open(source, id, abort.signal, tell).then((result) => {
      if (!abort.signal.aborted) setOpened(result);
    });
    return () => abort.abort();
  }, [source, id, attempt]);
  return { opened, progress, retry: () => setAttempt(attempt + 1) };
}

async function open(source: MailSource, id: number, signal: AbortSignal, tell: Progress): Promise<Opened> {
  let raw: ArrayBuffer;
  try {
    raw = await source.raw(id, signal, tell);
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

function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** How many octets of a message have come, of how many. */
interface Come {
  done: number;
  whole: number;
}

function Loading({ progress }: { progress: Come | null }) {
  const slow = useDelay(200);
  if (!slow) return null;
  if (!progress) return <p class="state">{page.inbox.loading}</p>;
  const { done, whole } = progress;
  const said = words.progress(bytes(done), bytes(whole));
  return (
    <div class="state">
      <progress value={done} max={whole} aria-label={said} />
      <p>{said}</p>
    </div>
  );
}

function Unparsed({ id, raw, why }: { id: number; raw: ArrayBuffer; why: string }) {
  return (
    <>
      <p class="banner warn" role="status">
        {words.unparsable(why)}
      </p>
      <Views id={id} raw={raw} parsed={null} clean={null} images={false} loadImages={() => undefined} />
    </>
  );
}

/** The HTML made inert; null where there is none, where it is too heavy, or where it breaks the sanitiser. */
function makeSafe(html: string | null, images: boolean, inline: Record<string, string>): Clean | null {
  if (!html || !isLight(html)) return null;
  try {
    return sanitise(html, images, inline);
  } catch (error) {
    console.error(error);
    return null; // text and source are there all the same
  }
}

function Body({ message, raw, parsed }: { message: Summary; raw: ArrayBuffer; parsed: Parsed }) {
  const [images, setImages] = useState(false);
  const { html } = parsed;
  const clean = useMemo(() => makeSafe(html, images, parsed.inline), [parsed, images]);
  const claimed = useMemo(() => readClaims(parsed.headers), [parsed]);
  return (
    <>
      {claimed && <Claims claimed={claimed} />}
      <Chips codes={parsed.codes} links={parsed.links.filter((link) => link.reason !== "")} />
      <Views
        id={message.id}
        raw={raw}
        parsed={parsed}
        clean={clean}
        images={images}
        loadImages={() => setImages(true)}
      />
      <Attachments parts={parsed.parts} count={parsed.partCount} id={message.id} date={message.date} />
      <WouldHaveDone deeds={clean?.deeds ?? noDeeds()} links={parsed.links} images={images} />
      <Links links={parsed.links} />
    </>
  );
}
