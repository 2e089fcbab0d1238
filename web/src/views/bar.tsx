import { useEffect, useState } from "preact/hooks";
import { CopyButton } from "../copy.tsx";
import { useNow, useOnline } from "../hooks.ts";
import { Icon } from "../icons.tsx";
import type { Inbox, InboxState } from "../inbox.ts";
import type { LiveState, MailSource, Place } from "../source.ts";
import { words } from "../words.ts";
import { ConfirmDelete } from "./confirm.tsx";

interface BarProps {
  source: MailSource;
  inbox: Inbox;
  state: InboxState;
}

/** Whose inbox this is, whether it is live, and what can be done with it as a whole. */
export function Bar({ source, inbox, state }: BarProps) {
  const [asking, setAsking] = useState(false);
  const { address } = inbox;
  const removeAll = source.removeAll?.bind(source);
  return (
    <section class="bar">
      <div class="whose">
        <p class="mono address" title={address}>
          <bdi>{address}</bdi>
        </p>
        <Live state={state.live} retry={() => inbox.reconnect()} />
      </div>
      <p class="notice">{source.notice ?? words.inbox.public}</p>
      <PlaceLine source={source} />
      <div class="tools">
        <CopyButton text={address} what={words.inbox.address} class="primary" />
        <a class="button" href="#/" title={words.inbox.freshTitle}>
          <Icon name="plus" />
          {words.inbox.fresh}
        </a>
        {removeAll && (
          <button
            type="button"
            class="button quiet"
            disabled={state.messages.length === 0}
            aria-label={words.inbox.deleteAll}
            title={words.inbox.deleteAll}
            onClick={() => setAsking(true)}
          >
            <Icon name="trash" />
          </button>
        )}
      </div>
      {asking && removeAll && (
        <ConfirmDelete
          title={words.deleting.all(address)}
          act={() => removeAll(address).then(() => inbox.forgetAll())}
          close={() => setAsking(false)}
        />
      )}
    </section>
  );
}

function Live({ state, retry }: { state: LiveState; retry: () => void }) {
  const online = useOnline();
  if (!online) return <p class="live lost">{words.live.offline}</p>;
  if (state.kind === "waiting") return <Waiting retryAt={state.retryAt} retry={retry} />;
  const live = state.kind === "live";
  return <p class={live ? "live on" : "live"}>{live ? words.live.live : words.live.connecting}</p>;
}

function Waiting({ retryAt, retry }: { retryAt: number; retry: () => void }) {
  const now = useNow(250);
  const seconds = Math.max(0, Math.ceil((retryAt - now) / 1000));
  return (
    <p class="live lost">
      {words.live.waiting(seconds)}
      <button type="button" class="link" onClick={retry}>
        {words.live.retry}
      </button>
    </p>
  );
}

/** Which host this page reads and its round trip, as a developer console would show it. */
function PlaceLine({ source }: { source: MailSource }) {
  const [place, setPlace] = useState<Place | null>(null);
  useEffect(() => source.watchPlace?.(setPlace), [source]);
  if (!place) return null;
  const { host, ms, news } = place;
  return (
    <p class="place">
      {host && (
        <span class="mono" title={words.inbox.place}>
          <bdi>{host}</bdi>
          {ms !== null && ` ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`}
        </span>
      )}
      <span role="status">{news}</span>
    </p>
  );
}
