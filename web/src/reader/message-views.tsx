import { useRef, useState } from "preact/hooks";
import { Icon } from "../ui/icons.tsx";
import { words } from "./words.ts";
import { Frame } from "./frame.tsx";
import type { Parsed } from "./parsed-message.ts";
import { HeadersView } from "./headers.tsx";
import { RawView } from "./raw.tsx";
import type { Clean } from "./sanitise.ts";
import { PlainText } from "./plain-text.tsx";

type View = "html" | "text" | "headers" | "raw";

const BRIEF_LENGTH = 300;
const BRIEF_BLOCKS = 10;

interface ViewsProps {
  id: number;
  raw: ArrayBuffer;
  /** Null where the message could not be taken apart: raw is what there is. */
  parsed: Parsed | null;
  clean: Clean | null;
  images: boolean;
  loadImages: () => void;
}

export function Views(props: ViewsProps) {
  const { parsed, clean } = props;
  const views = availableViews(props);
  const [chosen, setChosen] = useState<View | null>(null);
  const view = chosen ?? views[0] ?? "raw";
  return (
    <section class="views">
      <Tabs views={views} view={view} choose={setChosen} />
      <div
        role="tabpanel"
        id="view-panel"
        aria-labelledby={`tab-${view}`}
        class={`view ${view}-view ${parsed && isBrief(parsed) ? "brief" : ""}`}
      >
        {view === "html" && clean && <HtmlView {...props} clean={clean} />}
        {view === "html" && parsed && <PrintedText text={parsed.text ?? parsed.htmlText} />}
        {view === "text" && parsed && <TextView {...props} parsed={parsed} />}
        {view === "headers" && parsed && <HeadersView headers={parsed.headers} count={parsed.headerCount} />}
        {view === "raw" && <RawView raw={props.raw} id={props.id} />}
      </div>
    </section>
  );
}

/** Nobody outside of the frame can know its height; of little text it needs little. */
function isBrief({ html, htmlText }: Parsed): boolean {
  const blocks = html?.match(/<(?:img|table|tr|br|p|div|h\d|li)\b/gi)?.length ?? 0;
  return htmlText.length < BRIEF_LENGTH && blocks < BRIEF_BLOCKS;
}

function availableViews({ parsed, clean }: ViewsProps): View[] {
  if (!parsed) return ["raw"];
  return clean ? ["html", "text", "headers", "raw"] : ["text", "headers", "raw"];
}

interface TabsProps {
  views: View[];
  view: View;
  choose: (view: View) => void;
}

function Tabs({ views, view, choose }: TabsProps) {
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = views[(views.indexOf(view) + by + views.length) % views.length] as View;
    choose(next);
    list.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={words.views} ref={list} onKeyDown={move}>
      {views.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          class="tab"
          aria-selected={name === view}
          aria-controls="view-panel"
          tabIndex={name === view ? 0 : -1}
          onClick={() => choose(name)}
        >
          {words[name]}
        </button>
      ))}
    </div>
  );
}

/** Paper shows this in place of the frame, whose height nobody outside of it can know. */
function PrintedText({ text }: { text: string }) {
  return (
    <div class="printed">
      <PlainText text={text} />
    </div>
  );
}

function HtmlView({ clean, images, loadImages }: ViewsProps & { clean: Clean }) {
  return (
    <>
      {clean.blocked > 0 && !images && (
        <p class="banner" title={words.blockedWhy}>
          <Icon name="image" />
          {words.blocked(clean.blocked)}
          <button type="button" class="button" onClick={loadImages}>
            {words.load}
          </button>
        </p>
      )}
      <Frame clean={clean} images={images} />
    </>
  );
}

function TextView({ parsed, clean }: ViewsProps & { parsed: Parsed }) {
  const text = parsed.text ?? parsed.htmlText;
  return (
    <>
      {parsed.html && !clean && <p class="banner warn">{words.noHtml}</p>}
      {text && parsed.text === null && <p class="meta made">{words.fromHtml}</p>}
      {text ? <PlainText text={text} /> : <p class="state">{words.empty}</p>}
    </>
  );
}
