import { Component } from "preact";
import { Icon } from "../../ui/icons.tsx";
import { ALL_MAIL, inboxHash } from "../address.ts";
import type { Summary } from "../source.ts";
import { formatDateTime, formatAge } from "../../ui/time.ts";
import { senderName } from "../sender.ts";
import { words } from "../../languages/dictionary.ts";
import { Chips, hasChips } from "../../reader/chips.tsx";

const SHOWN_RECIPIENTS = 2;

interface MessageRowProps {
  message: Summary;
  address: string;
  selected: boolean;
  read: boolean;
  now: number;
  /** The position in the list, from 1. */
  position: number;
  /** The length of the list, or -1 if it is not known yet. */
  total: number;
}

/** Renders again only if a property has changed: a list that scrolls has many rows. */
export class MessageRow extends Component<MessageRowProps> {
  override shouldComponentUpdate(next: MessageRowProps): boolean {
    return (Object.keys(next) as (keyof MessageRowProps)[]).some((name) => next[name] !== this.props[name]);
  }

  override render(props: MessageRowProps) {
    return draw(props);
  }
}

function draw({ message, address, selected, read, now, position, total }: MessageRowProps) {
  const kind = hasChips(message) ? "tall" : "low";
  return (
    <li
      class={`row ${kind} ${selected ? "selected" : ""} ${read ? "" : "unread"}`}
      aria-posinset={position}
      aria-setsize={total}
    >
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
        <time dateTime={message.date} title={formatDateTime(message.date)}>
          {formatAge(message.date, now)}
        </time>
        <span class="subject" dir="auto">
          {message.subject || words.inbox.noSubject}
        </span>
        <span class="preview" dir="auto">
          {message.preview}
        </span>
      </a>
      {address === ALL_MAIL && <Recipients message={message} />}
      <Chips codes={message.codes} links={message.links} />
    </li>
  );
}

/** To whom a message came, each a link to its inbox, and its tags. */
function Recipients({ message: { recipients, tags = [] } }: { message: Summary }) {
  const more = recipients.length - SHOWN_RECIPIENTS;
  return (
    <p class="recipients">
      {recipients.slice(0, SHOWN_RECIPIENTS).map((recipient) => (
        <a key={recipient} href={inboxHash(recipient)}>
          <bdi>{recipient}</bdi>
        </a>
      ))}
      {more > 0 && <span>+{more}</span>}
      {tags.map((tag) => (
        <span key={tag} class="tag">
          <bdi>{tag}</bdi>
        </span>
      ))}
    </p>
  );
}
