import { useEffect, useState } from "preact/hooks";
import type { MessagePart, OpenMessage } from "../inbox/source.ts";
import { Drawing, Icon } from "../ui/icons.tsx";
import { formatBytes } from "../ui/size.ts";
import { IMAGE } from "./drawings.ts";
import { words } from "./words.ts";
import { Download, useAction } from "./download.tsx";
import { safeName } from "./filename.ts";
import { rasterType } from "./raster-type.ts";
import { SaveAll } from "./save-all.tsx";

/** The page cannot list the 50,000 parts that a hostile message may have. */
const MAX_PARTS = 200;
const MAX_TEXT_BYTES = 100_000;
const MAX_PREVIEW_BYTES = 32_000_000;
const IMAGE_TYPES = /^image\/(?!svg)/;
const IMAGE_NAMES = /\.(?:png|jpe?g|gif|webp|avif|bmp)$/i;
const TEXT_TYPES = /^(?:text\/|application\/(?:json|xml|yaml|javascript|sql)|.*\+(?:json|xml)$)/;
const MESSAGE_TYPES = /^message\/(?:rfc822|global)$/;

type OpenAttached = (index: number, signal: AbortSignal) => Promise<void>;

interface AttachmentsProps {
  parts: MessagePart[];
  opened: OpenMessage;
  openAttached: OpenAttached;
  id: number;
  date: string;
}

/** The attachments with previews and downloads; those that are messages open as messages. */
export function Attachments({ parts, opened, openAttached, id, date }: AttachmentsProps) {
  const shown = parts.slice(0, MAX_PARTS);
  return (
    <section class="panel" aria-labelledby="attachments-title">
      <div class="panel-head">
        <h3 id="attachments-title">
          {words.attachments.title} <span class="meta">{parts.length}</span>
        </h3>
        {parts.length > 1 && <SaveAll parts={shown} opened={opened} name={`message-${id}.zip`} date={date} />}
      </div>
      <ul class="attachments">
        {shown.map((part) => (
          <Attachment key={part.index} part={part} opened={opened} openAttached={openAttached} />
        ))}
      </ul>
      {parts.length > shown.length && <p class="meta">{words.more(parts.length - shown.length)}</p>}
    </section>
  );
}

interface AttachmentProps {
  part: MessagePart;
  opened: OpenMessage;
  openAttached: OpenAttached;
}

type Preview = { image: Blob } | { text: string } | "none";

function Attachment({ part, opened, openAttached }: AttachmentProps) {
  const [preview, setPreview] = useState<Preview | null>(null);
  const { run, isBusy, cause } = useAction();
  const name = safeName(part.name) || words.attachments.unnamed;
  const load = (signal: AbortSignal) => opened.part(part.index, signal);
  const isMessage = MESSAGE_TYPES.test(part.type) || /\.eml$/i.test(part.name);
  const isImage = IMAGE_TYPES.test(part.type) || IMAGE_NAMES.test(part.name);
  const canPreview = (isImage || TEXT_TYPES.test(part.type)) && part.size <= MAX_PREVIEW_BYTES;
  const toggle = async (signal: AbortSignal) =>
    setPreview(preview ? null : await makePreview(await load(signal), TEXT_TYPES.test(part.type)));
  const label = preview ? words.attachments.hide : words.attachments.preview;
  return (
    <li>
      <div class="attachment">
        {isImage ? <Drawing path={IMAGE} /> : <Icon name="clip" />}
        <span class="file">
          <bdi>{name}</bdi>
          <span class="meta">
            <bdi>{part.type}</bdi>, {formatBytes(part.size)}
          </span>
        </span>
        {isMessage ? (
          <button
            type="button"
            class="button quiet"
            aria-label={`${words.attachments.open} ${name}`}
            aria-busy={isBusy}
            onClick={() => void run((signal) => openAttached(part.index, signal))}
          >
            {words.attachments.open}
          </button>
        ) : (
          canPreview && (
            <button
              type="button"
              class="button quiet"
              aria-expanded={preview !== null}
              aria-label={`${label} ${name}`}
              aria-busy={isBusy}
              onClick={() => void run(toggle)}
            >
              {label}
            </button>
          )
        )}
        <Download load={load} name={name} describe={`${words.download} ${name}`} />
      </div>
      {cause && (
        <p class="danger" role="alert">
          {cause}
        </p>
      )}
      {preview === "none" && (
        <p class="meta" role="status">
          {words.attachments.noPreview}
        </p>
      )}
      {preview && preview !== "none" && "image" in preview && (
        <ImagePreview image={preview.image} name={name} />
      )}
      {preview && preview !== "none" && "text" in preview && (
        <TextPreview text={preview.text} size={part.size} />
      )}
    </li>
  );
}

/** Make a preview of what the octets are, whatever type they are declared to have. */
async function makePreview(octets: Blob, mayBeText: boolean): Promise<Preview> {
  const type = await rasterType(octets);
  if (type) return { image: octets.slice(0, octets.size, type) };
  return mayBeText ? { text: await octets.slice(0, MAX_TEXT_BYTES).text() } : "none";
}

function ImagePreview({ image, name }: { image: Blob; name: string }) {
  const [url, setUrl] = useState("");
  useEffect(() => {
    const made = URL.createObjectURL(image);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [image]);
  return url ? <img class="preview-image" src={url} alt={name} /> : null;
}

function TextPreview({ text, size }: { text: string; size: number }) {
  return (
    <>
      <pre class="raw" dir="auto" tabIndex={0}>
        {text}
      </pre>
      {size > MAX_TEXT_BYTES && (
        <p class="meta">{words.cut(formatBytes(MAX_TEXT_BYTES), formatBytes(size))}</p>
      )}
    </>
  );
}
