import { Component } from "preact";
import { Icon } from "../../ui/icons.tsx";
import { inboxHash } from "../../inbox/address.ts";
import type { Summary } from "../source.ts";
import { absolute, age } from "../../ui/time.ts";
import { senderName } from "../sender.ts";
import { words } from "../../languages/dictionary.ts";
import { Chips, hasChips } from "../../reader/chips.tsx";

interface RowProps {
  message: Summary;
  address: string;
  selected: boolean;
  read: boolean;
  now: number;
  /** From 1, and of how many; -1 where nobody knows yet. */
  place: number;
  of: number;
}

/** Drawn anew only where something about it is new: a list that scrolls has many. */
export class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    return (Object.keys(next) as (keyof RowProps)[]).some((name) => next[name] !== this.props[name]);
  }

  override render(props: RowProps) {
    return draw(props);
  }
}

function draw({ message, address, selected, read, now, place, of }: RowProps) {
  const kind = hasChips(message) ? "tall" : "low";
  return (
    <li
      class={`row ${kind} ${selected ? "selected" : ""} ${read ? "" : "unread"}`}
      aria-posinset={place}
      aria-setsize={of}
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
