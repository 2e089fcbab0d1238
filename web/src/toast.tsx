import { useEffect } from "preact/hooks";
import { inboxHash } from "./route.ts";
import type { Summary } from "./source.ts";
import { words } from "./words.ts";

const SHOWN_MS = 6_000;

export interface ToastProps {
  address: string;
  message: Summary | null;
  close: () => void;
}

/** Says that mail came, to eyes and to screen readers alike, and never takes the focus. */
export function Toast({ address, message, close }: ToastProps) {
  useEffect(() => {
    if (!message) return undefined;
    const timer = setTimeout(close, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [message]);
  const subject = message?.subject || words.inbox.noSubject;
  const from = (message && senderName(message)) || words.inbox.noSender;
  return (
    <div class="toasts" role="status" aria-live="polite">
      {message && (
        <div class="toast">
          <p dir="auto">{words.inbox.arrived(from, subject)}</p>
          <a class="button" href={inboxHash(address, message.id)} onClick={close}>
            {words.inbox.open}
          </a>
        </div>
      )}
    </div>
  );
}

/** The name that the sender gives itself, or its address where it gives none. */
export function senderName(message: Summary): string {
  const from = message.from.trim();
  const name = /^"?(.*?)"?\s*<[^<>]*>$/.exec(from)?.[1]?.trim();
  return name || from.replace(/^<(.*)>$/, "$1") || message.sender;
}
