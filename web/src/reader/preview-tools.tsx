import type { RefObject } from "preact";
import { useState } from "preact/hooks";
import { dictionary, locale } from "../languages/dictionary.ts";
import { english } from "../languages/en/preview.ts";
import { Drawing, Icon } from "../ui/icons.tsx";
import { DOWNLOAD, IMAGE } from "./drawings.ts";
import { saveFile, useAction } from "./download.tsx";
import { drawPicture } from "./picture.ts";
import { type Preview, ZOOMS } from "./preview-size.ts";
import type { SanitisedHtml } from "./sanitise.ts";
import type { ViewOptions } from "./view-options.ts";

const words = dictionary("preview", english);

interface ToolsProps {
  id: number;
  clean: SanitisedHtml;
  options: ViewOptions;
  setOptions: (options: ViewOptions) => void;
  preview: Preview;
  setPreview: (preview: Preview) => void;
  widths: number[];
  paper: RefObject<HTMLDivElement | null>;
}

/** Tools that change how a message's HTML looks, and one that saves a picture of it. */
export function PreviewTools(props: ToolsProps) {
  const { clean, options, setOptions } = props;
  const isDark = options.scheme === "dark";
  const hasRemoteImages = options.images || clean.blocked > 0;
  return (
    <div class="view-tools" role="group" aria-label={words.title}>
      {props.widths.length > 0 && <Widths {...props} />}
      <button
        type="button"
        class="button quiet"
        aria-pressed={isDark}
        aria-label={words.dark}
        title={words.darkWhy}
        onClick={() => setOptions({ ...options, scheme: isDark ? "light" : "dark" })}
      >
        <Icon name="moon" />
        <span class="tool-word">{words.dark}</span>
      </button>
      {hasRemoteImages && (
        <button
          type="button"
          class="button quiet images"
          aria-pressed={options.images}
          aria-label={words.images}
          title={words.imagesWhy}
          onClick={() => setOptions({ ...options, images: !options.images })}
        >
          <Drawing path={IMAGE} />
          <span class="tool-word">{words.images}</span>
        </button>
      )}
      <Zoom {...props} />
      <Picture {...props} />
    </div>
  );
}

function Widths({ preview, setPreview, widths }: ToolsProps) {
  return (
    <div class="choices" role="group" aria-label={words.width}>
      {[null, ...widths].map((width) => {
        const name = width === null ? words.fullWidth : words.pixels(width);
        return (
          <button
            key={width}
            type="button"
            class="button quiet"
            aria-label={name}
            title={name}
            aria-pressed={width === preview.width}
            onClick={() => setPreview({ ...preview, width })}
          >
            {width ?? words.full}
          </button>
        );
      })}
    </div>
  );
}

function Zoom({ preview, setPreview }: ToolsProps) {
  const format = new Intl.NumberFormat(locale(), { style: "percent" });
  return (
    <select
      class="zoom"
      aria-label={words.zoom}
      title={words.zoom}
      value={preview.zoom}
      onChange={(event) => setPreview({ ...preview, zoom: Number(event.currentTarget.value) })}
    >
      {ZOOMS.map((zoom) => (
        <option key={zoom} value={zoom}>
          {format.format(zoom)}
        </option>
      ))}
    </select>
  );
}

/** A button that saves a picture, and what came of it. */
function Picture({ id, clean, options, preview, paper }: ToolsProps) {
  const [note, setNote] = useState("");
  const { run, isBusy, cause } = useAction();
  const make = async (signal: AbortSignal) => {
    setNote(words.drawing);
    const shown = (paper.current?.clientWidth ?? innerWidth) / preview.zoom;
    const picture = await drawPicture(clean, options.scheme, preview.width ?? shown, devicePixelRatio);
    if (signal.aborted) return; // the message was left meanwhile
    saveFile(picture.png, `message-${id}.png`);
    const notes = [
      words.saved(`${picture.width} × ${picture.height}`),
      picture.isCut && words.cut(picture.height),
      options.images && words.withoutRemote,
    ];
    setNote(notes.filter(Boolean).join(" "));
  };
  return (
    <>
      <button
        type="button"
        class="button quiet picture"
        aria-label={words.savePicture}
        title={words.pictureWhy}
        aria-busy={isBusy}
        onClick={() => void run(make)}
      >
        <Drawing path={DOWNLOAD} />
        <span class="tool-word">{words.picture}</span>
      </button>
      <span class="meta" role="status">
        {cause ? words.failed : note}
      </span>
    </>
  );
}
