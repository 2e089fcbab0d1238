import { useEffect, useState } from "preact/hooks";
import type { ListedPart, MessageContent, OpenMessage, PartList, Summary } from "../inbox/source.ts";
import { dictionary, words as page } from "../languages/dictionary.ts";
import { english } from "../languages/en/parts.ts";
import { causeOf } from "../ui/cause.ts";
import { Failed } from "../ui/error-states.tsx";
import { formatBytes } from "../ui/size.ts";
import { Download } from "./download.tsx";
import { safeName } from "./filename.ts";
import { MessageTrace } from "./message-trace.tsx";

const words = dictionary("parts", english);

const MAX_INDENTS = 6;
const INDENT_PX = 16;

interface PartsProps {
  opened: OpenMessage;
  content: MessageContent;
  /** Null for an attached message: it has no envelope. */
  message: Summary | null;
}

/** What a message is made of, and what is known of its way here. */
export function PartsView({ opened, content, message }: PartsProps) {
  const [list, setList] = useState<PartList | { cause: string } | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    const set: typeof setList = (next) => abort.signal.aborted || setList(next);
    setList(null);
    opened.structure(abort.signal).then(set, (error: unknown) => set({ cause: causeOf(error) }));
    return () => abort.abort();
  }, [opened, attempt]);
  return (
    <>
      <section class="panel" aria-labelledby="parts-title">
        <h3 id="parts-title">{words.title}</h3>
        {list === null && <p class="state">{page.inbox.loading}</p>}
        {list && "cause" in list && <Failed cause={list.cause} retry={() => setAttempt(attempt + 1)} />}
        {list && "parts" in list && (
          <ul class="attachments">
            {list.parts.map((part, index) => (
              <PartRow key={index} part={part} opened={opened} />
            ))}
          </ul>
        )}
        {list && "parts" in list && !list.complete && <p class="meta">{words.cut}</p>}
      </section>
      <MessageTrace content={content} message={message} />
    </>
  );
}

function PartRow({ part, opened }: { part: ListedPart; opened: OpenMessage }) {
  const { number, level, type, charset, encoding, disposition, name, size, role, attachment } = part;
  const path = attachment?.split(".").map(Number);
  const facts = [number, charset, encoding, disposition, size === null ? "" : formatBytes(size)];
  const fileName = safeName(name) || `part-${number}`;
  return (
    <li>
      <div class="attachment" style={{ marginInlineStart: `${Math.min(level, MAX_INDENTS) * INDENT_PX}px` }}>
        <span class="file">
          <span>
            <bdi>{type}</bdi> {role && <span class="mark muted">{words.role[role]}</span>}
          </span>
          {name && <bdi>{name}</bdi>}
          <span class="meta">
            {facts.filter(Boolean).map((fact, index) => (
              <bdi key={index}>{index > 0 ? ` · ${fact}` : fact}</bdi>
            ))}
          </span>
        </span>
        {path && (
          <Download
            load={(signal) => loadPart(opened, path, signal)}
            name={fileName}
            describe={words.download(`${number} ${fileName}`)}
          />
        )}
      </div>
    </li>
  );
}

/** Load an attachment of a message, or of one that is attached to it. */
async function loadPart(opened: OpenMessage, path: number[], signal: AbortSignal): Promise<Blob> {
  let message = opened;
  for (const index of path.slice(0, -1)) message = await message.attached(index, signal);
  return message.part(path.at(-1) ?? 0, signal);
}
