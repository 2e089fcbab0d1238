import { useNow, useOnline } from "./hooks.ts";
import { Icon } from "./icons.tsx";
import { words } from "../languages/dictionary.ts";

interface FailedProps {
  cause: string;
  retryAt?: number;
  retry: () => void;
}

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

/** A part of the page did not come: the server is away, or has a newer page by now. */
export function ChunkMissing() {
  return <Failed cause={words.failed.chunk} retry={() => location.reload()} />;
}

export function Gone({ back }: { back: () => void }) {
  return (
    <div class="state gone" role="alert">
      <h2>{words.message.gone}</h2>
      <p>{words.message.goneLead}</p>
      <button type="button" class="button primary" onClick={back}>
        {words.message.toInbox}
      </button>
    </div>
  );
}
