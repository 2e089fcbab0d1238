import { causeOf } from "../ui/cause.ts";
import { useEffect, useMemo, useState } from "preact/hooks";
import { useDelay } from "../ui/hooks.ts";
import { formatBytes } from "../ui/size.ts";
import {
  type MailSource,
  type MessageContent,
  type OpenMessage,
  type ProgressCallback,
  SourceError,
  type Summary,
} from "../inbox/source.ts";
import { Chips } from "./chips.tsx";
import { Failed } from "../ui/error-states.tsx";
import { Gone } from "../ui/lazy-gone.ts";
import { words as page } from "../languages/dictionary.ts";
import { words } from "./words.ts";
import { AttachedHeading, Attachments, CalendarCards } from "./lazy-files.ts";
import { readAuthResults } from "./auth-results.ts";
import { emptyBlockedContent } from "./blocked-content.ts";
import { AuthResultsLine } from "./auth-results-line.tsx";
import { BlockedContentPanel } from "./blocked-content-panel.tsx";
import { Heading } from "./heading.tsx";
import { useInlineImages } from "./inline-images.ts";
import { LinkList } from "./link-list.tsx";
import { webLinksIn } from "./plain-text.tsx";
import { type SanitisedHtml, sanitise } from "./sanitise.ts";
import { MessageViews } from "./message-views.tsx";
import { isWithinRenderLimits } from "./render-limits.ts";
import { useReturnFocus } from "./return-focus.ts";
import type { ViewOptions } from "./view-options.ts";

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
  /** The message, and those attached to it that were opened, each in the one before. */
  | { kind: "open"; trail: OpenMessage[] };

/** One message, or one that is attached to it: heading, body, attachments, links. */
export function Reader({ address, message, source, maxAgeSeconds, removed, back }: ReaderProps) {
  const { loaded, retry, progress, show } = useMessage(source, address, message.id);
  useReturnFocus(address, message.id);
  const trail = loaded.kind === "open" ? loaded.trail : [];
  const opened = trail.at(-1);
  const content = typeof opened?.content === "object" ? opened.content : null;
  return (
    <article class="mail">
      {trail.length > 1 ? (
        <AttachedHeading
          key={trail.length}
          content={content}
          parent={subjectOf(trail.at(-2)) || message.subject}
          back={() => show(trail.slice(0, -1))}
        />
      ) : (
        <Heading
          address={address}
          message={message}
          content={content}
          source={source}
          maxAgeSeconds={maxAgeSeconds}
          removed={removed}
          back={back}
        />
      )}
      {loaded.kind === "loading" && <Loading progress={progress} />}
      {loaded.kind === "gone" && <Gone back={back} />}
      {loaded.kind === "failed" && <Failed cause={loaded.cause} retry={retry} />}
      {opened && (
        <OpenedMessage
          key={trail.length}
          message={message}
          opened={opened}
          isAttached={trail.length > 1}
          openAttached={async (index, signal) => {
            const attached = await opened.attached(index, signal);
            if (!signal.aborted) show([...trail, attached]);
          }}
        />
      )}
    </article>
  );
}

function subjectOf(opened: OpenMessage | undefined): string {
  return typeof opened?.content === "object" ? opened.content.subject : "";
}

/** Load a message. Stop as soon as another one is opened. */
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
  const show = (trail: OpenMessage[]) => setLoaded({ kind: "open", trail });
  return { loaded, progress, retry: () => setAttempt(attempt + 1), show };
}

async function loadMessage(
  source: MailSource,
  address: string,
  id: number,
  signal: AbortSignal,
  report: ProgressCallback,
): Promise<LoadedMessage> {
  try {
    return { kind: "open", trail: [await source.open(address, id, signal, report)] };
  } catch (error) {
    if (error instanceof SourceError && error.kind === "gone") return { kind: "gone" };
    return { kind: "failed", cause: causeOf(error) };
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

interface OpenedProps {
  /** The message of the inbox, also while one that is attached to it is open. */
  message: Summary;
  opened: OpenMessage;
  isAttached: boolean;
  openAttached: (index: number, signal: AbortSignal) => Promise<void>;
}

function OpenedMessage(props: OpenedProps) {
  const { opened, message } = props;
  if (typeof opened.content === "object") return <MessageBody {...props} content={opened.content} />;
  return (
    <>
      <p class="banner warn" role="status">
        {words.unparsable(opened.content)}
      </p>
      <MessageViews
        id={message.id}
        message={message}
        opened={opened}
        content={null}
        clean={null}
        options={PLAIN_VIEW}
        setOptions={nothing}
      />
    </>
  );
}

const PLAIN_VIEW: ViewOptions = { images: false, scheme: "light" };

function nothing(): void {}

/**
 * Sanitise HTML. Return null if there is none, if it is too large, or if the sanitiser fails on it.
 */
function sanitiseOrNull(
  html: string | null,
  options: ViewOptions,
  inline: Record<string, string>,
): SanitisedHtml | null {
  if (!html || !isWithinRenderLimits(html)) return null;
  try {
    return sanitise(html, options, inline);
  } catch (error) {
    console.error(error);
    return null; // the text and the source can still be shown
  }
}

function MessageBody({
  message,
  opened,
  content,
  isAttached,
  openAttached,
}: OpenedProps & { content: MessageContent }) {
  const [options, setOptions] = useState(PLAIN_VIEW);
  const [everLoaded, setEverLoaded] = useState(false);
  const [inline, loadInline] = useInlineImages(opened, content);
  const clean = useMemo(() => sanitiseOrNull(content.html, options, inline), [content, options, inline]);
  useEffect(() => loadInline(clean?.contentIds ?? []), [clean]);
  const authResults = useMemo(() => readAuthResults(content.headers), [content]);
  const listed = isAttached ? null : message;
  const codes = content.codes ?? listed?.codes ?? [];
  const confirming = content.links?.filter((link) => link.reason !== "") ?? listed?.links ?? [];
  const events = content.events ?? listed?.events ?? [];
  const links = content.links ?? [...(clean?.links ?? []), ...webLinksIn(content.text ?? "")];
  return (
    <>
      {authResults && <AuthResultsLine authResults={authResults} />}
      <Chips codes={codes} links={confirming} />
      {events.length > 0 && <CalendarCards events={events} />}
      <MessageViews
        id={message.id}
        message={listed}
        opened={opened}
        content={content}
        clean={clean}
        options={options}
        setOptions={(next) => {
          setOptions(next);
          if (next.images) setEverLoaded(true);
        }}
      />
      {content.attachments.length > 0 && (
        <Attachments
          parts={content.attachments}
          opened={opened}
          openAttached={openAttached}
          id={message.id}
          date={message.date}
        />
      )}
      <BlockedContentPanel
        blockedContent={clean?.blockedContent ?? emptyBlockedContent()}
        links={links}
        images={everLoaded}
      />
      <LinkList links={links} />
    </>
  );
}
