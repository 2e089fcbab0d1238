import { useEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import { useDelay, useNow } from "../../ui/hooks.ts";
import type { Inbox, InboxState } from "../inbox.ts";
import { useShortcuts } from "../../ui/keyboard.ts";
import type { ServerInfo, Summary } from "../source.ts";
import { ALL_MAIL } from "../address.ts";
import { words } from "../../languages/dictionary.ts";
import { filterAndSort, type SortOrder } from "../filter-sort.ts";
import { EmptyInbox } from "./empty-inbox.tsx";
import { lazyComponent } from "../../ui/lazy-component.tsx";
import { MessageRow } from "./message-row.tsx";
import { useMatcher } from "./use-matcher.ts";
import { VirtualList } from "./virtual-list.tsx";
import { Failed } from "../../ui/error-states.tsx";

const SearchOperators = lazyComponent(() =>
  import("./search-operators.tsx").then((part) => part.SearchOperators),
);
const SKELETON_AFTER_MS = 200;
const SKELETON_ROWS = 4;
/** The server deletes expired mail within about a minute. */
const DELETION_DELAY_MS = 60_000;

/** Reserved for examples (RFC 2606): no mail to it reaches anybody else. */
const SAMPLE_ADDRESS = "kim@example.org";
const nothing = () => false;

interface ListProps {
  inbox: Inbox;
  state: InboxState;
  server: ServerInfo | null | undefined;
  selected: number | null;
  isRead: (message: Summary) => boolean;
  search: RefObject<HTMLInputElement | null>;
}

export function MessageList({ inbox, state, server, selected, isRead, search }: ListProps) {
  const [text, setText] = useState("");
  const [order, setOrder] = useState<SortOrder>("newest");
  const [focus, setFocus] = useState<{ id: number } | null>(null);
  const now = useNow(30_000);
  const { phase, messages } = state;
  const maxAgeMs = (server?.maxAgeSeconds ?? Infinity) * 1000 + DELETION_DELAY_MS;
  const isAll = inbox.address === ALL_MAIL;
  const listedMatch = useMatcher(isAll ? "" : text);
  // A search of all mail has operators, which the server knows: it finds the listed messages, too.
  const matches = isAll && state.search ? nothing : listedMatch;
  const find = (wanted: string) => {
    setText(wanted);
    inbox.search(wanted);
  };
  const shown = filterAndSort(messages, state.search?.found ?? [], {
    matches,
    order,
    isRead,
    acceptedSinceMs: now - maxAgeMs,
  });
  const more = (state.search ?? state).nextBefore !== null;
  // Where the focus goes: a key that is pressed again before it is there goes on from there.
  const goal = useRef<number | null>(null);
  const step = (by: 1 | -1) => {
    const next = neighbour(shown, by, [goal.current, focusedId(), selected ?? focus?.id]);
    if (!next) return;
    goal.current = next.id;
    setFocus({ id: next.id });
  };
  useShortcuts({ j: () => step(1), k: () => step(-1) });
  useEffect(() => {
    if (order !== "newest") void inbox.loadAll();
  }, [order, state.nextBefore]);
  return (
    <nav
      class="list"
      aria-label={words.inbox.messages}
      onFocusIn={() => {
        goal.current = null;
      }}
    >
      {messages.length > 0 && (
        <ListToolbar
          count={messages.length}
          more={state.nextBefore !== null}
          text={text}
          changeText={find}
          order={order}
          choose={setOrder}
          search={search}
        />
      )}
      {isAll && messages.length > 0 && (
        <SearchOperators
          add={(operator) => {
            find(`${text.trim()} ${operator}`.trimStart());
            search.current?.focus();
          }}
        />
      )}
      {phase.kind === "failed" && (
        <Failed cause={phase.cause} retryAt={phase.retryAt} retry={() => inbox.reload()} />
      )}
      {phase.kind === "loading" && messages.length === 0 && <Skeleton />}
      {phase.kind === "ready" && messages.length === 0 && (
        <EmptyInbox address={inbox.address || SAMPLE_ADDRESS} smtp={server?.smtp ?? []} />
      )}
      <SearchStatus state={state} none={messages.length > 0 && shown.length === 0} />
      <VirtualList
        messages={shown}
        focus={focus}
        nearEnd={() => more && void inbox.loadMore()}
        draw={(message, index) => (
          <MessageRow
            key={message.id}
            message={message}
            address={inbox.address}
            selected={message.id === selected}
            read={isRead(message)}
            now={now}
            position={index + 1}
            total={more ? -1 : shown.length}
          />
        )}
      />
      {more && (
        <button
          type="button"
          class="button load-older"
          disabled={state.loadingOlder || state.search?.busy}
          onClick={() => void inbox.loadMore()}
        >
          {state.loadingOlder ? words.inbox.loading : words.inbox.older}
        </button>
      )}
    </nav>
  );
}

/** Return the message before or after the first of `ids` that is in the list, else the list's first. */
function neighbour(
  shown: readonly Summary[],
  by: 1 | -1,
  ids: (number | null | undefined)[],
): Summary | undefined {
  const places = ids.map((wanted) => shown.findIndex(({ id }) => id === wanted));
  const at = places.find((place) => place >= 0);
  return shown[at === undefined ? 0 : Math.min(shown.length - 1, Math.max(0, at + by))];
}

function focusedId(): number | null {
  const focused = (document.activeElement as HTMLElement | null)?.dataset["id"];
  return focused ? Number(focused) : null;
}

interface ListToolbarProps {
  count: number;
  more: boolean;
  text: string;
  changeText: (text: string) => void;
  order: SortOrder;
  choose: (order: SortOrder) => void;
  search: RefObject<HTMLInputElement | null>;
}

function ListToolbar({ count, more, text, changeText, order, choose, search }: ListToolbarProps) {
  return (
    <div class="list-toolbar">
      <input
        ref={search}
        type="search"
        placeholder={words.inbox.search(count, more)}
        aria-label={words.inbox.search(count, more)}
        maxLength={200}
        value={text}
        onInput={(event) => changeText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
      <select
        aria-label={words.inbox.order}
        value={order}
        onChange={(event) => choose(event.currentTarget.value as SortOrder)}
      >
        <option value="newest">{words.inbox.newest}</option>
        <option value="oldest">{words.inbox.oldest}</option>
        <option value="unread">{words.inbox.unreadFirst}</option>
      </select>
    </div>
  );
}

/** The progress of a search, for screen readers too. */
function SearchStatus({ state: { search }, none }: { state: InboxState; none: boolean }) {
  const slow = useDelay(SKELETON_AFTER_MS);
  let text = "";
  if (search?.problem) text = words.inbox.searchFailed(search.problem);
  else if (search?.busy && slow) text = words.inbox.searching;
  else if (none) text = words.inbox.none;
  return (
    <p class={text ? "search-status" : "visually-hidden"} role="status">
      {text}
    </p>
  );
}

function Skeleton() {
  const slow = useDelay(SKELETON_AFTER_MS);
  if (!slow) return null;
  return (
    <div class="skeleton" role="status" aria-label={words.inbox.loading}>
      {Array.from({ length: SKELETON_ROWS }, (_, index) => (
        <div key={index} class="skeleton-row">
          <i />
          <i />
          <i />
        </div>
      ))}
    </div>
  );
}
