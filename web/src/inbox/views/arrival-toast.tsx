import { useEffect } from "preact/hooks";
import { inboxHash } from "../../inbox/address.ts";
import type { Summary } from "../source.ts";
import { senderName } from "../sender.ts";
import { words } from "../../languages/dictionary.ts";

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
