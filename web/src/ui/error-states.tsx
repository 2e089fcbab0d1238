import { useNow, useOnline } from "./hooks.ts";
import { Icon } from "./icons.tsx";
import { words } from "../languages/dictionary.ts";

interface FailedProps {
  cause: string;
  retryAt?: number;
  retry: () => void;
}

/** A failure with its cause, a countdown to the next attempt, and a button to retry now. */
export function Failed({ cause, retryAt, retry }: FailedProps) {
  const now = useNow(250);
  const online = useOnline();
  const seconds = retryAt === undefined ? null : Math.max(0, Math.ceil((retryAt - now) / 1000));
  return (
    <div class="state failed" role="alert">
      <Icon name="alert" />
      <h2>{words.failed.title}</h2>
      <p dir="auto">{online ? cause : words.failed.offline}</p>
      {seconds !== null && (
        <p class="meta" aria-live="off">
          {words.failed.again(seconds)}
        </p>
      )}
      <button type="button" class="button primary" onClick={retry}>
        {words.failed.retry}
      </button>
    </div>
  );
}

/** Shown if a part of the page cannot be fetched: the server is down, or has a newer page. */
export function PartMissing() {
  return <Failed cause={words.failed.chunk} retry={() => location.reload()} />;
}
