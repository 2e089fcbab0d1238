import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { MessageChecks, MessageContent, OpenMessage, Summary } from "../inbox/source.ts";
import { words } from "./words.ts";
import { HeadersView } from "./headers.tsx";
import { htmlToText } from "./html-text.ts";
import { HtmlView } from "./html-view.tsx";
import { ChecksView, PartsView, RawView } from "./lazy-files.ts";
import type { SanitisedHtml } from "./sanitise.ts";
import { PlainText } from "./plain-text.tsx";
import type { ViewOptions } from "./view-options.ts";

type View = "html" | "text" | "headers" | "raw" | "parts" | "checks";

const SHORT_TEXT_CHARS = 300;
const SHORT_TEXT_BLOCKS = 10;

interface ViewsProps {
  id: number;
  /** Null for an attached message: it has no envelope. */
  message: Summary | null;
  opened: OpenMessage;
  /** Null if the message could not be read: then only the source can be shown. */
  content: MessageContent | null;
  clean: SanitisedHtml | null;
  options: ViewOptions;
  setOptions: (options: ViewOptions) => void;
}

/** A message's body in tabs: HTML, text, headers, source. */
export function MessageViews(props: ViewsProps) {
  const { content, clean } = props;
  const html = content?.html ?? "";
  const htmlText = useMemo(() => (html ? htmlToText(html) : ""), [html]);
  const text = content?.text ?? htmlText;
  const checks = useChecks(props.opened);
  const views = availableViews(props, checks);
  const [chosen, setChosen] = useState<View | null>(null);
  const view = chosen ?? views[0] ?? "raw";
  return (
    <section class="views">
      <Tabs views={views} view={view} choose={setChosen} />
      <div
        role="tabpanel"
        id="view-panel"
        aria-labelledby={`tab-${view}`}
        tabIndex={view === "text" ? 0 : undefined}
        class={`view ${view}-view ${content && isShort(html, htmlText) ? "short" : ""}`}
      >
        {view === "html" && clean && <HtmlView {...props} clean={clean} />}
        {view === "html" && <PrintedText text={text} />}
        {view === "text" && content && <TextView content={content} text={text} clean={clean} />}
        {view === "headers" && content && <HeadersView headers={content.headers} />}
        {view === "raw" && <RawView opened={props.opened} id={props.id} />}
        {view === "parts" && content && (
          <PartsView opened={props.opened} content={content} message={props.message} />
        )}
        {view === "checks" && checks && <ChecksView checks={checks} html={html || null} />}
      </div>
    </section>
  );
}

/** Return true if a small frame is enough. The page cannot measure the frame's content. */
function isShort(html: string, htmlText: string): boolean {
  const blocks = html.match(/<(?:img|table|tr|br|p|div|h\d|li)\b/gi)?.length ?? 0;
  return htmlText.length < SHORT_TEXT_CHARS && blocks < SHORT_TEXT_BLOCKS;
}

function availableViews({ content, clean }: ViewsProps, checks: MessageChecks | null): View[] {
  if (!content) return ["raw"];
  const views: View[] = ["text", "headers", "raw", "parts"];
  if (clean) views.unshift("html");
  if (checks?.html || checks?.links) views.push("checks");
  return views;
}

/** Return the checks that the server offers; null until that is known, and if it offers none. */
function useChecks(opened: OpenMessage): MessageChecks | null {
  const [checks, setChecks] = useState<MessageChecks | null>(null);
  useEffect(() => {
    let isOver = false;
    void opened.checks?.().then((found) => isOver || setChecks(found));
    return () => {
      isOver = true;
    };
  }, [opened]);
  return checks;
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
    const forwards = document.documentElement.dir === "rtl" ? -by : by;
    const next = views[(views.indexOf(view) + forwards + views.length) % views.length] as View;
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

/** Printed in place of the frame: the page cannot measure its content, so print would cut it. */
function PrintedText({ text }: { text: string }) {
  return (
    <div class="printed">
      <PlainText text={text} />
    </div>
  );
}

interface TextViewProps {
  content: MessageContent;
  text: string;
  clean: SanitisedHtml | null;
}

function TextView({ content, text, clean }: TextViewProps) {
  return (
    <>
      {content.html && !clean && <p class="banner warn">{words.noHtml}</p>}
      {text && content.text === null && <p class="meta text-from-html">{words.fromHtml}</p>}
      {text ? <PlainText text={text} /> : <p class="state">{words.empty}</p>}
    </>
  );
}
