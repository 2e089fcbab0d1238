import { useState } from "preact/hooks";
import { CopyButton } from "../../ui/copy-button.tsx";
import { useNow, useOnline } from "../../ui/hooks.ts";
import { Icon, type IconName } from "../../ui/icons.tsx";
import type { Inbox, InboxState } from "../inbox.ts";
import { lazyComponent } from "../../ui/lazy-component.tsx";
import { useNotifications } from "../notifications.ts";
import type { MailSource, ServerInfo } from "../source.ts";
import { formatLifetime } from "../../ui/time.ts";
import { ALL_MAIL, isLocked } from "../address.ts";
import { words } from "../../languages/dictionary.ts";
import { ConfirmDelete } from "../../ui/lazy-confirm.ts";

const ShareDialog = lazyComponent(() => import("./share-dialog.tsx").then((part) => part.ShareDialog));

const HostLine = lazyComponent(() => import("./host-line.tsx").then((part) => part.HostLine));
const MailCount = lazyComponent(() => import("./mail-count.tsx").then((part) => part.MailCount));

interface InboxBarProps {
  source: MailSource;
  server: ServerInfo | null | undefined;
  inbox: Inbox;
  state: InboxState;
  /** How many of the listed messages are not read. */
  unread: number;
}

/** The inbox's address or "All mail", its connection, and the actions on the whole inbox. */
export function InboxBar({ source, server, inbox, state, unread }: InboxBarProps) {
  const [confirming, setConfirming] = useState(false);
  const [sharing, setSharing] = useState(false);
  const { address } = inbox;
  const isAll = address === ALL_MAIL;
  const removeAll = source.removeAll?.bind(source);
  return (
    <section class="bar">
      <div class="inbox-name">
        {isAll ? (
          <p class="address">{words.inbox.allMail}</p>
        ) : (
          <p class="mono address" title={address}>
            <bdi>{address}</bdi>
          </p>
        )}
        {isAll && <MailCount source={source} listed={state.messages.length} unread={unread} />}
        <LiveIndicator state={state} retry={() => inbox.reconnect()} />
      </div>
      <p class="notice">
        {source.notice ??
          words.inbox[isAll ? "everyone" : server?.locks && isLocked(address) ? "locked" : "public"]}{" "}
        {server?.maxAgeSeconds != null && words.inbox.kept(formatLifetime(server.maxAgeSeconds))}
      </p>
      {source.watchHost && <HostLine source={source} />}
      <div class="tools">
        {!isAll && <CopyButton text={address} what={words.inbox.address} class="primary" />}
        {!isAll && <ToolButton icon="share" label={words.inbox.share} act={() => setSharing(true)} />}
        <a
          class="button new-inbox"
          href={server?.listsAllMail ? "#/new" : "#/"}
          title={words.inbox.freshTitle}
        >
          <Icon name="plus" />
          <span>{words.inbox.fresh}</span>
        </a>
        <NotificationButton />
        {removeAll && (
          <ToolButton
            icon="trash"
            label={words.inbox.deleteAll}
            disabled={state.messages.length === 0}
            act={() => setConfirming(true)}
          />
        )}
      </div>
      {sharing && <ShareDialog address={address} close={() => setSharing(false)} />}
      {confirming && removeAll && (
        <ConfirmDelete
          address={address}
          act={() => removeAll(address).then(() => inbox.forgetAll())}
          close={() => setConfirming(false)}
        />
      )}
    </section>
  );
}

interface ToolButtonProps {
  icon: IconName;
  label: string;
  disabled?: boolean;
  pressed?: boolean;
  act: () => void;
}

function ToolButton({ icon, label, disabled = false, pressed, act }: ToolButtonProps) {
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

function NotificationButton() {
  const [state, toggle] = useNotifications();
  if (state === "unsupported") return null;
  const label = { on: words.inbox.notifying, off: words.inbox.notify, denied: words.inbox.notifyDenied }[
    state
  ];
  return (
    <ToolButton
      icon={state === "on" ? "bell" : "bellOff"}
      label={label}
      disabled={state === "denied"}
      pressed={state === "on"}
      act={toggle}
    />
  );
}

function LiveIndicator({ state: { phase, live: state }, retry }: { state: InboxState; retry: () => void }) {
  const online = useOnline();
  // A browser without a network says that it is offline, and still reaches a server on its own machine.
  if (phase.kind !== "failed" && state.kind === "live") return <p class="live on">{words.live.live}</p>;
  if (!online) return <p class="live lost">{words.live.offline}</p>;
  if (phase.kind === "failed") return <p class="live lost">{words.live.lost}</p>;
  if (phase.kind === "locked") return null;
  if (state.kind === "waiting") return <Waiting retryAt={state.retryAt} retry={retry} />;
  return <p class="live">{words.live.connecting}</p>;
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
