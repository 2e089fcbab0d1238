import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Inbox, type InboxState } from "../inbox.ts";
import { useShortcuts } from "../../ui/keyboard.ts";
import { notify } from "../notifications.ts";
import { ReadMarks } from "../read-marks.ts";
import { AllMailMarks } from "../all-mail-marks.ts";
import { ALL_MAIL, inboxHash } from "../address.ts";
import type { MailSource, ServerInfo, Summary } from "../source.ts";
import { lazyComponent } from "../../ui/lazy-component.tsx";
import { ArrivalToast } from "./arrival-toast.tsx";
import { words } from "../../languages/dictionary.ts";
import { InboxBar } from "./bar.tsx";
import { MessageList } from "./message-list.tsx";
import { ReaderPane } from "./reader-pane.tsx";

const LockedInbox = lazyComponent(() => import("./locked-inbox.tsx").then((part) => part.LockedInbox));

interface InboxProps {
  source: MailSource;
  server: ServerInfo | null | undefined;
  address: string;
  id: number | null;
  help: () => void;
}

export function InboxView({ source, server, address, id, help }: InboxProps) {
  const { inbox, state, toast, closeToast } = useInbox(source, address);
  const marks = useReadMarks(source, address);
  const name = address || words.inbox.allMail;
  const unread = state.messages.filter((message) => !marks.has(message)).length;
  const search = useRef<HTMLInputElement>(null);
  const back = () => {
    location.hash = inboxHash(address);
  };
  useEffect(() => {
    if (toast?.id === id) closeToast();
  }, [toast, id]);
  useEffect(() => {
    document.title = `${unread ? `(${unread}) ` : ""}${name} - edgemail`;
  }, [unread, name]);
  useShortcuts({
    Escape: back,
    "/": () => search.current?.focus(),
    r: () => inbox.reload(),
    "?": help,
  });
  return (
    <main class="inbox">
      <h1 class="visually-hidden">{name}</h1>
      <InboxBar source={source} server={server} inbox={inbox} state={state} unread={unread} />
      {state.phase.kind === "locked" ? (
        <LockedInbox inbox={inbox} />
      ) : (
        <div class="panes">
          <MessageList
            inbox={inbox}
            state={state}
            server={server}
            selected={id}
            isRead={(message) => marks.has(message)}
            search={search}
          />
          <section class="reader" aria-label={words.message.reading}>
            {id === null ? (
              <p class="state">{state.messages.length > 0 && words.inbox.pick}</p>
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
      )}
      <ArrivalToast address={address} message={toast} close={closeToast} />
    </main>
  );
}

function useInbox(source: MailSource, address: string) {
  const [, render] = useState<InboxState | null>(null);
  const [toast, setToast] = useState<Summary | null>(null);
  const arrived = (message: Summary) => {
    setToast(message);
    notify(address, message);
  };
  const inbox = useMemo(() => new Inbox(address, source, { changed: render, arrived }), [source, address]);
  useEffect(() => () => inbox.stop(), [inbox]);
  const closeToast = useCallback(() => setToast(null), []);
  return { inbox, state: inbox.state, toast, closeToast };
}

function useReadMarks(source: MailSource, address: string): ReadMarks | AllMailMarks {
  const [, render] = useState({});
  const marks = useMemo(() => {
    const changed = () => render({});
    return address === ALL_MAIL ? new AllMailMarks(source, changed) : new ReadMarks(address, changed);
  }, [source, address]);
  useEffect(() => () => marks.stop(), [marks]);
  return marks;
}
