import { BACK } from "./drawings.ts";
import { useEffect, useRef } from "preact/hooks";
import type { MessageContent } from "../inbox/source.ts";
import { words as page } from "../languages/dictionary.ts";
import { Drawing } from "../ui/icons.tsx";
import { words } from "./words.ts";

interface AttachedHeadingProps {
  /** Null if the attached message could not be read. */
  content: MessageContent | null;
  /** The subject of the message that it is attached to. */
  parent: string;
  back: () => void;
}

/** The heading of an attached message. Its date is what it says itself: no server took it at a time. */
export function AttachedHeading({ content, parent, back }: AttachedHeadingProps) {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const date = content?.headers.find(({ name }) => name.toLowerCase() === "date")?.value ?? "";
  return (
    <header class="heading attached">
      <button type="button" class="button quiet" onClick={back}>
        <Drawing path={BACK} />
        <span class="parent">{words.backTo(parent || page.inbox.noSubject)}</span>
      </button>
      <h2 ref={title} class="title" dir="auto" tabIndex={-1}>
        {content?.subject || page.inbox.noSubject}
      </h2>
      <p class="meta origin">
        <span class="mark muted">{words.attachedMessage}</span>
        <bdi class="sender">{content?.from || page.inbox.noSender}</bdi>
        {date && <bdi>{date}</bdi>}
      </p>
    </header>
  );
}
