import { useRef } from "preact/hooks";
import { Drawing } from "../ui/icons.tsx";
import { IMAGE } from "./drawings.ts";
import { Frame } from "./frame.tsx";
import { PreviewTools } from "./lazy-files.ts";
import { usePreview } from "./preview-size.ts";
import type { SanitisedHtml } from "./sanitise.ts";
import type { ViewOptions } from "./view-options.ts";
import { words } from "./words.ts";

export interface HtmlViewProps {
  id: number;
  clean: SanitisedHtml;
  options: ViewOptions;
  setOptions: (options: ViewOptions) => void;
}

/** A message's HTML, below the tools that change how it looks. */
export function HtmlView({ id, clean, options, setOptions }: HtmlViewProps) {
  const [preview, setPreview, widths] = usePreview();
  const paper = useRef<HTMLDivElement>(null);
  const tools = useRef<HTMLDivElement>(null);
  const loadImages = () => {
    setOptions({ ...options, images: true });
    // The button that was pressed goes away. The one that undoes it is where to go on.
    tools.current?.querySelector<HTMLElement>(".images")?.focus();
  };
  return (
    <>
      <div class="preview-tools" ref={tools}>
        <PreviewTools
          id={id}
          clean={clean}
          options={options}
          setOptions={setOptions}
          preview={preview}
          setPreview={setPreview}
          widths={widths}
          paper={paper}
        />
      </div>
      {clean.blocked > 0 && !options.images && (
        <p class="banner" title={words.blockedWhy}>
          <Drawing path={IMAGE} />
          <span id="blocked-images">{words.blocked(clean.blocked)}</span>
          <button type="button" class="button" aria-describedby="blocked-images" onClick={loadImages}>
            {words.load}
          </button>
        </p>
      )}
      <Frame clean={clean} options={options} preview={preview} paper={paper} />
    </>
  );
}
