import { useEffect, useRef, useState } from "preact/hooks";
import type { MessageContent, OpenMessage } from "../inbox/source.ts";
import { rasterType } from "./raster-type.ts";

/** Of all inline images of a message, as they are part of the frame's document. */
const MAX_BYTES = 8_000_000;
const MAX_IMAGES = 50;

type InlineImages = Record<string, string>;

/**
 * Return the inline images that were loaded, as `data:` URIs by Content-ID, and a function that loads
 * those of some Content-IDs.
 */
export function useInlineImages(
  opened: OpenMessage,
  content: MessageContent,
): [images: InlineImages, load: (ids: string[]) => void] {
  const [images, setImages] = useState<InlineImages>({});
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const load = (ids: string[]) => {
    if (ids.length === 0 || abort.current) return;
    abort.current = new AbortController();
    const { signal } = abort.current;
    void loadImages(opened, content, new Set(ids), signal).then((loaded) => {
      if (!signal.aborted && Object.keys(loaded).length > 0) setImages(loaded);
    });
  };
  return [images, load];
}

async function loadImages(
  opened: OpenMessage,
  { inline, attachments }: MessageContent,
  wanted: Set<string>,
  signal: AbortSignal,
): Promise<InlineImages> {
  const images: InlineImages = Object.create(null);
  let left = MAX_BYTES;
  for (const part of [...inline, ...attachments]) {
    if (!wanted.delete(part.content_id) || part.size > left) continue;
    if (Object.keys(images).length >= MAX_IMAGES || signal.aborted) break;
    try {
      const octets = await opened.part(part.index, signal);
      const type = await rasterType(octets);
      if (!type || octets.size > left) continue;
      left -= octets.size;
      images[part.content_id] = await readAsDataUrl(octets.slice(0, octets.size, type));
    } catch {
      // The frame shows where the image would be.
    }
  }
  return images;
}

function readAsDataUrl(octets: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(octets);
  });
}
