import { useEffect } from "preact/hooks";
import { inboxHash } from "../address.ts";
import type { Summary } from "../source.ts";
import { senderName } from "../sender.ts";
import { words } from "../../languages/dictionary.ts";

const SHOWN_MS = 6_000;

interface ArrivalToastProps {
  address: string;
  message: Summary | null;
  close: () => void;
}

/** Announces a new message, to screen readers too. It never takes the focus. */
export function ArrivalToast({ address, message, close }: ArrivalToastProps) {
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
