import { useEffect, useState } from "preact/hooks";
import { Icon } from "../ui/icons.tsx";
import { formatBytes } from "../ui/size.ts";
import { words } from "./words.ts";
import { Download } from "./download.tsx";
import { safeName } from "./filename.ts";
import type { MessagePart } from "./parsed-message.ts";
import { rasterType } from "./raster-type.ts";
import { SaveAll } from "./save-all.tsx";

const MAX_TEXT_BYTES = 100_000;
const TEXT_TYPES = /^(?:text\/|message\/|application\/(?:json|xml|yaml|javascript|sql)|.*\+(?:json|xml)$)/;

interface AttachmentsProps {
  parts: MessagePart[];
  count: number;
  id: number;
  date: string;
}

/** The attachments with previews and downloads. `count` counts all, `parts` are the first ones. */
export function Attachments({ parts, count, id, date }: AttachmentsProps) {
  if (count === 0) return null;
  return (
    <section class="panel" aria-labelledby="attachments-title">
      <div class="panel-head">
        <h3 id="attachments-title">
          {words.attachments.title} <span class="meta">{count}</span>
        </h3>
        {parts.length > 1 && <SaveAll parts={parts} name={`message-${id}.zip`} date={date} />}
      </div>
      <ul class="attachments">
        {parts.map((part, index) => (
          <Attachment key={index} part={part} />
        ))}
      </ul>
      {count > parts.length && <p class="meta">{words.more(count - parts.length)}</p>}
    </section>
  );
}

function Attachment({ part }: { part: MessagePart }) {
  const [open, setOpen] = useState(false);
  const name = safeName(part.name) || words.attachments.unnamed;
  const image = rasterType(part.content);
  const isText = image === null && TEXT_TYPES.test(part.type);
  return (
    <li>
      <div class="attachment">
        <Icon name={image ? "image" : "clip"} />
        <span class="file">
          <bdi>{name}</bdi>
          <span class="meta">
            <bdi>{part.type}</bdi>, {formatBytes(part.content.byteLength)}
          </span>
        </span>
        {(image || isText) && (
          <button
            type="button"
            class="button quiet"
            aria-expanded={open}
            aria-label={`${open ? words.attachments.hide : words.attachments.preview} ${name}`}
            onClick={() => setOpen(!open)}
          >
            {open ? words.attachments.hide : words.attachments.preview}
          </button>
        )}
        <Download content={part.content} name={name} describe={`${words.download} ${name}`} />
      </div>
      {open && image && <ImagePreview content={part.content} type={image} name={name} />}
      {open && isText && <TextPreview content={part.content} />}
    </li>
  );
}

function ImagePreview({ content, type, name }: { content: ArrayBuffer; type: string; name: string }) {
  const [url, setUrl] = useState("");
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([content], { type }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [content, type]);
  return url ? <img class="preview-image" src={url} alt={name} /> : null;
}

function TextPreview({ content }: { content: ArrayBuffer }) {
  const text = new TextDecoder().decode(content.slice(0, MAX_TEXT_BYTES));
  return (
    <>
      <pre class="raw" dir="auto" tabIndex={0}>
        {text}
      </pre>
      {content.byteLength > MAX_TEXT_BYTES && (
        <p class="meta">{words.cut(formatBytes(MAX_TEXT_BYTES), formatBytes(content.byteLength))}</p>
      )}
    </>
  );
}
