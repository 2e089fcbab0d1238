/** How wide and how large a message's HTML is shown. This browser remembers it. */
import { useEffect, useState } from "preact/hooks";
import { load, save } from "../ui/storage.ts";

export interface Preview {
  /** In CSS pixels of the message, before zoom; null if it is as wide as there is room. */
  width: number | null;
  zoom: number;
}

export const WIDTHS_PX: readonly number[] = [320, 375, 768];
export const ZOOMS: readonly number[] = [0.5, 0.75, 1, 1.25, 1.5, 2];
const KEY = "preview";
const PLAIN: Preview = { width: null, zoom: 1 };

/** Return a preview that was remembered, or a plain one where it is none that can be chosen. */
export function readPreview(kept: unknown): Preview {
  const { width = null, zoom = 1 } = (typeof kept === "object" && kept ? kept : {}) as Partial<Preview>;
  return {
    width: width !== null && WIDTHS_PX.includes(width) ? width : null,
    zoom: ZOOMS.includes(zoom) ? zoom : PLAIN.zoom,
  };
}

/** Return the widths that are smaller than the screen: a preview cannot be wider than that. */
export function widthsWithin(screenPx: number): number[] {
  return WIDTHS_PX.filter((width) => width < screenPx);
}

/** Return the preview as far as it fits on the screen, a function that changes it, and the widths to choose. */
export function usePreview(): [preview: Preview, set: (preview: Preview) => void, widths: number[]] {
  const [preview, setPreview] = useState(() => readPreview(load<unknown>(KEY, PLAIN)));
  const [screenPx, setScreenPx] = useState(innerWidth);
  useEffect(() => {
    const refresh = () => setScreenPx(innerWidth);
    addEventListener("resize", refresh);
    return () => removeEventListener("resize", refresh);
  }, []);
  const widths = widthsWithin(screenPx);
  const width = preview.width !== null && widths.includes(preview.width) ? preview.width : null;
  const set = (next: Preview) => {
    setPreview(next);
    save(KEY, next);
  };
  return [{ ...preview, width }, set, widths];
}
