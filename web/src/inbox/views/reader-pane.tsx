import { causeOf } from "../../ui/cause.ts";
import { useEffect, useState } from "preact/hooks";
import type { Inbox, InboxState } from "../inbox.ts";
import { lazyComponent } from "../../ui/lazy-component.tsx";
import { inboxHash } from "../address.ts";
import { type MailSource, SourceError, type Summary } from "../source.ts";
import { Failed } from "../../ui/error-states.tsx";
import { Gone } from "../../ui/lazy-gone.ts";

interface PaneProps {
  id: number;
  source: MailSource;
  inbox: Inbox;
  state: InboxState;
  maxAgeSeconds: number | null;
  opened: (message: Summary) => void;
  back: () => void;
}

const Reader = lazyComponent(() => import("../../reader/reader.tsx").then((part) => part.Reader));

type Lookup = "looking" | "gone" | { cause: string };

/**
 * Finds the message that the route names, and loads the reader, which the first load leaves out.
 */
export function ReaderPane({ id, source, inbox, state, maxAgeSeconds, opened, back }: PaneProps) {
  const message = inbox.find(id);
  const [lookup, setLookup] = useState<Lookup>("looking");
  const lookUp = () => {
    setLookup("looking");
    inbox.fetch(id).then(
      (exists) => !exists && setLookup("gone"),
      (error: unknown) => setLookup(isGone(error) ? "gone" : { cause: causeOf(error) }),
    );
  };
  useEffect(() => {
    if (state.phase.kind === "ready" && !message) lookUp();
  }, [state.phase.kind]);
  useEffect(() => {
    if (message) opened(message);
  }, [message !== undefined]);
  if (typeof lookup === "object" && !message) return <Failed cause={lookup.cause} retry={lookUp} />;
  if (lookup === "gone" && !message) return <Gone back={back} />;
  if (!message) return null;
  return (
    <Reader
      address={inbox.address}
      message={message}
      source={source}
      maxAgeSeconds={maxAgeSeconds}
      removed={() => {
        inbox.forget(id);
        location.replace(inboxHash(inbox.address)); // `replace`: Back must not lead to a deleted message
      }}
      back={back}
    />
  );
}

function isGone(error: unknown): boolean {
  return error instanceof SourceError && error.kind === "gone";
}
