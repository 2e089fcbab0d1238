import { useEffect, useState } from "preact/hooks";
import type { RefObject } from "preact";
import { useDelay, useNow } from "../../ui/hooks.ts";
import type { Inbox, InboxState } from "../inbox.ts";
import { useKeys } from "../../ui/keyboard.ts";
import type { ServerInfo, Summary } from "../source.ts";
import { words } from "../../languages/dictionary.ts";
import { arrange, type Order } from "../filter-sort.ts";
import { EmptyInbox } from "./empty-inbox.tsx";
import { Row } from "./message-row.tsx";
import { Rows } from "./virtual-list.tsx";
import { Failed } from "../../ui/states.tsx";

const SKELETON_AFTER_MS = 200;
const SKELETON_ROWS = 4;
/** Expired mail is deleted within a minute or so of its time. */
const DELETING_MS = 60_000;

interface ListProps {
  inbox: Inbox;
  state: InboxState;
  server: ServerInfo | null;
  selected: number | null;
  isRead: (message: Summary) => boolean;
  search: RefObject<HTMLInputElement | null>;
}

export function MessageList({ inbox, state, server, selected, isRead, search }: ListProps) {
  const [text, setText] = useState("");
  const [order, setOrder] = useState<Order>("newest");
  const [focus, setFocus] = useState<{ id: number } | null>(null);
  const now = useNow(30_000);
  const { phase, messages } = state;
  const maxAgeMs = (server?.maxAgeSeconds ?? Infinity) * 1000 + DELETING_MS;
  const shown = arrange(messages, state.search?.found ?? [], { text, order, isRead, oldest: now - maxAgeMs });
  const more = (state.search ?? state).nextBefore !== null;
  const step = (by: 1 | -1) => {
    const next = neighbour(shown, by, selected ?? focus?.id ?? null);
    if (next) setFocus({ id: next.id });
  };
  useKeys({ j: () => step(1), k: () => step(-1) });
  useEffect(() => {
    if (order !== "newest") void inbox.loadAll();
  }, [order, state.nextBefore]);
  return (
    <nav class="list" aria-label={words.inbox.messages}>
      {messages.length > 0 && (
        <ListHead
          count={messages.length}
          more={state.nextBefore !== null}
          text={text}
          want={(wanted) => {
            setText(wanted);
            inbox.search(wanted);
          }}
          order={order}
          choose={setOrder}
          search={search}
        />
      )}
      {phase.kind === "failed" && (
        <Failed cause={phase.cause} retryAt={phase.retryAt} retry={() => inbox.reload()} />
      )}
      {phase.kind === "loading" && messages.length === 0 && <Skeleton />}
      {phase.kind === "ready" && messages.length === 0 && (
        <EmptyInbox address={inbox.address} smtp={server?.smtp ?? []} />
      )}
      <SearchState state={state} none={messages.length > 0 && shown.length === 0} />
      <Rows
        messages={shown}
        focus={focus}
        nearEnd={() => more && void inbox.loadMore()}
        draw={(message, index) => (
          <Row
            key={message.id}
            message={message}
            address={inbox.address}
            selected={message.id === selected}
            read={isRead(message)}
            now={now}
            place={index + 1}
            of={more ? -1 : shown.length}
          />
        )}
      />
      {more && (
        <button
          type="button"
          class="button older"
          disabled={state.loadingOlder || state.search?.busy}
          onClick={() => void inbox.loadMore()}
        >
          {state.loadingOlder ? words.inbox.loading : words.inbox.older}
        </button>
      )}
    </nav>
  );
}

/** The message below or above the one that has the focus, else the one that is open or had the focus last. */
function neighbour(shown: readonly Summary[], by: 1 | -1, last: number | null): Summary | undefined {
  const focused = (document.activeElement as HTMLElement | null)?.dataset["id"];
  const at = shown.findIndex(({ id }) => id === (focused ? Number(focused) : last));
  return shown[at < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, at + by))];
}

interface HeadProps {
  count: number;
  more: boolean;
  text: string;
  want: (text: string) => void;
  order: Order;
  choose: (order: Order) => void;
  search: RefObject<HTMLInputElement | null>;
}

function ListHead({ count, more, text, want, order, choose, search }: HeadProps) {
  return (
    <div class="list-head">
      <input
        ref={search}
        type="search"
        placeholder={words.inbox.search(count, more)}
        aria-label={words.inbox.search(count, more)}
        maxLength={200}
        value={text}
        onInput={(event) => want(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
      <select
        aria-label={words.inbox.order}
        value={order}
        onChange={(event) => choose(event.currentTarget.value as Order)}
      >
        <option value="newest">{words.inbox.newest}</option>
        <option value="oldest">{words.inbox.oldest}</option>
        <option value="unread">{words.inbox.unreadFirst}</option>
      </select>
    </div>
  );
}

/** How far a search is, said to screen readers as well. */
function SearchState({ state: { search }, none }: { state: InboxState; none: boolean }) {
  const slow = useDelay(SKELETON_AFTER_MS);
  let said = "";
  if (search?.problem) said = words.inbox.searchFailed(search.problem);
  else if (search?.busy && slow) said = words.inbox.searching;
  else if (none) said = words.inbox.none;
  return (
    <p class={said ? "found" : "visually-hidden"} role="status">
      {said}
    </p>
  );
}

function Skeleton() {
  const slow = useDelay(SKELETON_AFTER_MS);
  if (!slow) return null;
  return (
    <div class="skeleton" role="status" aria-label={words.inbox.loading}>
      {Array.from({ length: SKELETON_ROWS }, (_, index) => (
        <div key={index} class="ghost">
          <i />
          <i />
          <i />
        </div>
      ))}
    </div>
  );
}
