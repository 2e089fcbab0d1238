import { useEffect, useState } from "preact/hooks";
import { CopyButton } from "../../ui/copy-button.tsx";
import { useNow, useOnline } from "../../ui/hooks.ts";
import { Icon, type IconName } from "../../ui/icons.tsx";
import type { Inbox, InboxState } from "../inbox.ts";
import { lazily } from "../../ui/lazy-component.tsx";
import { useNotifications } from "../notifications.ts";
import type { MailSource, Place, ServerInfo } from "../source.ts";
import { lifetime } from "../../ui/time.ts";
import { words } from "../../languages/dictionary.ts";
import { ConfirmDelete } from "../../ui/lazy-confirm.ts";

const ShareDialog = lazily(() => import("./share-dialog.tsx").then((part) => part.ShareDialog));

interface BarProps {
  source: MailSource;
  server: ServerInfo | null;
  inbox: Inbox;
  state: InboxState;
}

/** Whose inbox this is, whether it is live, and what can be done with it as a whole. */
export function Bar({ source, server, inbox, state }: BarProps) {
  const [asking, setAsking] = useState(false);
  const [sharing, setSharing] = useState(false);
  const { address } = inbox;
  const removeAll = source.removeAll?.bind(source);
  return (
    <section class="bar">
      <div class="whose">
        <p class="mono address" title={address}>
          <bdi>{address}</bdi>
        </p>
        <Live state={state} retry={() => inbox.reconnect()} />
      </div>
      <p class="notice">
        {source.notice ?? words.inbox.public}{" "}
        {server?.maxAgeSeconds != null && words.inbox.kept(lifetime(server.maxAgeSeconds))}
      </p>
      <PlaceLine source={source} />
      <div class="tools">
        <CopyButton text={address} what={words.inbox.address} class="primary" />
        <Tool icon="share" label={words.inbox.share} act={() => setSharing(true)} />
        <a class="button fresh" href="#/" title={words.inbox.freshTitle}>
          <Icon name="plus" />
          <span>{words.inbox.fresh}</span>
        </a>
        <Bell />
        {removeAll && (
          <Tool
            icon="trash"
            label={words.inbox.deleteAll}
            disabled={state.messages.length === 0}
            act={() => setAsking(true)}
          />
        )}
      </div>
      {sharing && <ShareDialog address={address} close={() => setSharing(false)} />}
      {asking && removeAll && (
        <ConfirmDelete
          address={address}
          act={() => removeAll(address).then(() => inbox.forgetAll())}
          close={() => setAsking(false)}
        />
      )}
    </section>
  );
}

interface ToolProps {
  icon: IconName;
  label: string;
  disabled?: boolean;
  pressed?: boolean;
  act: () => void;
}

function Tool({ icon, label, disabled = false, pressed, act }: ToolProps) {
  return (
    <button
      type="button"
      class="button quiet square"
      aria-label={label}
      aria-pressed={pressed}
      title={label}
      disabled={disabled}
      onClick={act}
    >
      <Icon name={icon} />
    </button>
  );
}

function Bell() {
  const [state, toggle] = useNotifications();
  if (state === "impossible") return null;
  const label = { on: words.inbox.notifying, off: words.inbox.notify, denied: words.inbox.notifyDenied }[
    state
  ];
  return (
    <Tool
      icon={state === "on" ? "bell" : "bellOff"}
      label={label}
      disabled={state === "denied"}
      pressed={state === "on"}
      act={toggle}
    />
  );
}

function Live({ state: { phase, live: state }, retry }: { state: InboxState; retry: () => void }) {
  const online = useOnline();
  if (!online) return <p class="live lost">{words.live.offline}</p>;
  if (phase.kind === "failed") return <p class="live lost">{words.live.lost}</p>;
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
