import { useEffect, useState } from "preact/hooks";
import type { Inbox, InboxState } from "../inbox.ts";
import { lazily } from "../../ui/lazy-component.tsx";
import { inboxHash } from "../../inbox/address.ts";
import { type MailSource, SourceError, type Summary } from "../source.ts";
import { Failed, Gone } from "../../ui/states.tsx";

interface PaneProps {
  id: number;
  source: MailSource;
  inbox: Inbox;
  state: InboxState;
  maxAgeSeconds: number | null;
  opened: (message: Summary) => void;
  back: () => void;
}

const Reader = lazily(() => import("../../reader/reader.tsx").then((part) => part.Reader));

type Found = "looking" | "gone" | { cause: string };

/** Finds the message that the route names, and brings the reader, which the first load leaves out. */
export function ReaderPane({ id, source, inbox, state, maxAgeSeconds, opened, back }: PaneProps) {
  const message = inbox.find(id);
  const [found, setFound] = useState<Found>("looking");
  const look = () => {
    setFound("looking");
    inbox.fetch(id).then(
      (there) => !there && setFound("gone"),
      (error: unknown) => setFound(isGone(error) ? "gone" : { cause: causeOf(error) }),
    );
  };
  useEffect(() => {
    if (state.phase.kind === "ready" && !message) look();
  }, [state.phase.kind]);
  useEffect(() => {
    if (message) opened(message);
  }, [message !== undefined]);
  if (typeof found === "object" && !message) return <Failed cause={found.cause} retry={look} />;
  if (found === "gone" && !message) return <Gone back={back} />;
  if (!message) return null;
  return (
    <Reader
      message={message}
      source={source}
      maxAgeSeconds={maxAgeSeconds}
      removed={() => {
        inbox.forget(id);
        location.replace(inboxHash(inbox.address)); // or Back would lead to what is gone
      }}
      back={back}
    />
  );
}

function isGone(error: unknown): boolean {
  return error instanceof SourceError && error.kind === "gone";
}

function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
