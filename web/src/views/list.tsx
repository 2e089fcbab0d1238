import { useState } from "preact/hooks";
import type { RefObject } from "preact";
import { useDelay, useNow } from "../hooks.ts";
import { Icon } from "../icons.tsx";
import type { InboxState } from "../inbox.ts";
import { inboxHash } from "../route.ts";
import type { ServerInfo, Summary } from "../source.ts";
import { absolute, age } from "../time.ts";
import { senderName } from "../toast.tsx";
import { words } from "../words.ts";
import { Chips } from "./chips.tsx";
import { Empty, Failed } from "./states.tsx";

const SKELETON_AFTER_MS = 200;
const SKELETON_ROWS = 4;

type Order = "newest" | "oldest" | "unread";

interface ListProps {
  state: InboxState;
  server: ServerInfo | null;
  address: string;
  selected: number | null;
  isRead: (message: Summary) => boolean;
  search: RefObject<HTMLInputElement | null>;
  older: () => void;
  retry: () => void;
}

export function MessageList({ state, server, address, selected, isRead, search, older, retry }: ListProps) {
  const [wanted, setWanted] = useState("");
  const [order, setOrder] = useState<Order>("newest");
  const now = useNow(30_000);
  const { phase, messages } = state;
  const shown = arrange(messages, wanted, order, isRead);
  return (
    <nav class="list" aria-label={words.inbox.messages}>
      {messages.length > 0 && (
        <ListHead
          count={messages.length}
          wanted={wanted}
          want={setWanted}
          order={order}
          choose={setOrder}
          search={search}
        />
      )}
      {phase.kind === "failed" && <Failed cause={phase.cause} retryAt={phase.retryAt} retry={retry} />}
      {phase.kind === "loading" && messages.length === 0 && <Skeleton />}
      {phase.kind === "ready" && messages.length === 0 && (
        <Empty address={address} smtp={server?.smtp ?? []} />
      )}
      {messages.length > 0 && shown.length === 0 && <p class="state">{words.inbox.none}</p>}
      <ul class="messages">
        {shown.map((message) => (
          <Row
            key={message.id}
            message={message}
            address={address}
            selected={message.id === selected}
            read={isRead(message)}
            now={now}
          />
        ))}
      </ul>
      {state.nextBefore !== null && (
        <button type="button" class="button older" disabled={state.loadingOlder} onClick={older}>
          {state.loadingOlder ? words.inbox.loading : words.inbox.older}
        </button>
      )}
    </nav>
  );
}

interface HeadProps {
  count: number;
  wanted: string;
  want: (text: string) => void;
  order: Order;
  choose: (order: Order) => void;
  search: RefObject<HTMLInputElement | null>;
}

function ListHead({ count, wanted, want, order, choose, search }: HeadProps) {
  return (
    <div class="list-head">
      <input
        ref={search}
        type="search"
        placeholder={words.inbox.search(count)}
        aria-label={words.inbox.search(count)}
        value={wanted}
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

interface RowProps {
  message: Summary;
  address: string;
  selected: boolean;
  read: boolean;
  now: number;
}

function Row({ message, address, selected, read, now }: RowProps) {
  return (
    <li class={`row ${selected ? "selected" : ""} ${read ? "" : "unread"}`}>
      <a
        class="message"
        href={inboxHash(address, message.id)}
        data-id={message.id}
        aria-current={selected ? "true" : undefined}
      >
        {!read && <span class="visually-hidden">{words.inbox.unread}: </span>}
        <span class="from" dir="auto">
          {senderName(message) || words.inbox.noSender}
        </span>
        {message.attachments.length > 0 && (
          <span class="clip" title={words.message.attached}>
            <Icon name="clip" />
          </span>
        )}
        <time dateTime={message.date} title={absolute(message.date)}>
          {age(message.date, now)}
        </time>
        <span class="subject" dir="auto">
          {message.subject || words.inbox.noSubject}
        </span>
        <span class="preview" dir="auto">
          {message.preview}
        </span>
      </a>
      <Chips codes={message.codes} links={message.links} />
    </li>
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

function arrange(
  messages: readonly Summary[],
  wanted: string,
  order: Order,
  isRead: (message: Summary) => boolean,
): Summary[] {
  const needle = wanted.trim().toLowerCase();
  const found = messages.filter(
    ({ from, subject, preview }) =>
      !needle || `${from}\n${subject}\n${preview}`.toLowerCase().includes(needle),
  );
  if (order === "oldest") return found.reverse();
  if (order === "unread") return found.sort((a, b) => Number(isRead(a)) - Number(isRead(b)));
  return found;
}
