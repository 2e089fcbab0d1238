import { useEffect, useRef, useState } from "preact/hooks";
import { useNow } from "../ui/hooks.ts";
import { Drawing, Icon } from "../ui/icons.tsx";
import type { MailSource, MessageContent, Summary } from "../inbox/source.ts";
import { ALL_MAIL, inboxHash } from "../inbox/address.ts";
import { formatDateTime, formatAge, formatTimeLeft } from "../ui/time.ts";
import { ConfirmDelete } from "../ui/lazy-confirm.ts";
import { words as page } from "../languages/dictionary.ts";
import { BACK, PRINT } from "./drawings.ts";
import { words } from "./words.ts";

const MAX_RECIPIENTS = 20;

interface HeadingProps {
  address: string;
  message: Summary;
  /** Null until it is loaded, or if it could not be read. */
  content: MessageContent | null;
  source: MailSource;
  maxAgeSeconds: number | null;
  removed: () => void;
  back: () => void;
}

export function Heading({ address, message, content, source, maxAgeSeconds, removed, back }: HeadingProps) {
  const [confirming, setConfirming] = useState(false);
  const title = useRef<HTMLHeadingElement>(null);
  const now = useNow(30_000);
  // A screen reader starts at the subject, not at the top of the page.
  useEffect(() => title.current?.focus({ preventScroll: true }), []);
  const from = content?.from || message.from || page.inbox.noSender;
  const left = formatTimeLeft(message.date, maxAgeSeconds, now);
  const remove = source.remove?.bind(source);
  return (
    <header class="heading">
      <button type="button" class="button quiet back" onClick={back}>
        <Drawing path={BACK} />
        {words.back}
      </button>
      <h2 ref={title} class="title" dir="auto" tabIndex={-1}>
        {content?.subject || message.subject || page.inbox.noSubject}
      </h2>
      <button
        type="button"
        class="button quiet square print"
        aria-label={words.print}
        title={words.print}
        onClick={() => print()}
      >
        <Drawing path={PRINT} />
      </button>
      {remove && (
        <button
          type="button"
          class="button quiet square delete"
          aria-label={words.delete}
          title={words.delete}
          onClick={() => setConfirming(true)}
        >
          <Icon name="trash" />
        </button>
      )}
      <p class="meta origin">
        <bdi class="sender">{from}</bdi>
        {message.sender && !from.toLowerCase().includes(message.sender.toLowerCase()) && (
          <bdi>{words.via(message.sender)}</bdi>
        )}
        <time dateTime={message.date} title={formatDateTime(message.date)}>
          {formatAge(message.date, now)}
        </time>
        {left && <span>{words.left(left)}</span>}
      </p>
      {address === ALL_MAIL && (
        <p class="meta origin">
          {words.to}
          {message.recipients.slice(0, MAX_RECIPIENTS).map((recipient) => (
            <a key={recipient} href={inboxHash(recipient)}>
              <bdi>{recipient}</bdi>
            </a>
          ))}
          {message.recipients.length > MAX_RECIPIENTS && (
            <span>+{message.recipients.length - MAX_RECIPIENTS}</span>
          )}
        </p>
      )}
      {confirming && remove && (
        <ConfirmDelete
          address={null}
          act={() => remove(address, message.id).then(removed)}
          close={() => setConfirming(false)}
        />
      )}
    </header>
  );
}
