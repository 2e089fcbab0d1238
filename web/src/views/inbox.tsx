import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Inbox, type InboxState } from "../inbox.ts";
import { useKeys } from "../keys.tsx";
import { ReadMarks } from "../read.ts";
import { inboxHash } from "../route.ts";
import type { MailSource, ServerInfo, Summary } from "../source.ts";
import { Toast } from "../toast.tsx";
import { words } from "../words.ts";
import { Bar } from "./bar.tsx";
import { MessageList } from "./list.tsx";
import { ReaderPane } from "./pane.tsx";

interface InboxProps {
  source: MailSource;
  server: ServerInfo | null;
  address: string;
  id: number | null;
  help: () => void;
}

export function InboxView({ source, server, address, id, help }: InboxProps) {
  const { inbox, state, toast, closeToast } = useInbox(source, address);
  const marks = useReadMarks(address);
  const unread = state.messages.filter((message) => !marks.has(message)).length;
  const search = useRef<HTMLInputElement>(null);
  const back = () => {
    location.hash = inboxHash(address);
  };
  useEffect(() => {
    if (toast?.id === id) closeToast();
  }, [toast, id]);
  useEffect(() => {
    document.title = `${unread ? `(${unread}) ` : ""}${address} - edgemail`;
  }, [unread, address]);
  useKeys({
    j: () => step(1, id),
    k: () => step(-1, id),
    Escape: back,
    "/": () => search.current?.focus(),
    r: () => inbox.reload(),
    "?": help,
  });
  return (
    <main class="inbox">
      <h1 class="visually-hidden">{address}</h1>
      <Bar source={source} inbox={inbox} state={state} />
      <div class="panes">
        <MessageList
          state={state}
          server={server}
          address={address}
          selected={id}
          isRead={(message) => marks.has(message)}
          search={search}
          older={() => void inbox.loadOlder()}
          retry={() => inbox.reload()}
        />
        <section class="reader" aria-label={words.message.reading}>
          {id === null ? (
            <p class="state pick-one">{state.messages.length > 0 && words.inbox.pick}</p>
          ) : (
            <ReaderPane
              key={id}
              id={id}
              source={source}
              inbox={inbox}
              state={state}
              maxAgeSeconds={server?.maxAgeSeconds ?? null}
              opened={(message) => marks.add(message)}
              back={back}
            />
          )}
        </section>
      </div>
      <Toast address={address} message={toast} close={closeToast} />
    </main>
  );
}

function useInbox(source: MailSource, address: string) {
  const [, render] = useState<InboxState | null>(null);
  const [toast, setToast] = useState<Summary | null>(null);
  const inbox = useMemo(
    () => new Inbox(address, source, { changed: render, arrived: setToast }),
    [source, address],
  );
  useEffect(() => () => inbox.stop(), [inbox]);
  const closeToast = useCallback(() => setToast(null), []);
  return { inbox, state: inbox.state, toast, closeToast };
}

function useReadMarks(address: string): ReadMarks {
  const [, render] = useState({});
  const marks = useMemo(() => new ReadMarks(address, () => render({})), [address]);
  useEffect(() => () => marks.stop(), [marks]);
  return marks;
}

/** Move the focus along the list, from where it is or from the open message. */
function step(by: 1 | -1, open: number | null): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>(".messages a.message")];
  let at = links.indexOf(document.activeElement as HTMLAnchorElement);
  if (at < 0) at = links.findIndex((link) => link.dataset["id"] === String(open));
  const next = at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + by));
  links[next]?.focus();
}
