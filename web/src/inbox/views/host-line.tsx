import { useEffect, useState } from "preact/hooks";
import type { HostStatus, MailSource } from "../source.ts";
import { dictionary } from "../../languages/dictionary.ts";
import { english } from "../../languages/en/host.ts";

const words = dictionary("host", english);

/** The host that this page reads from, and its round trip. Only a database has that. */
export function HostLine({ source }: { source: MailSource }) {
  const [hostStatus, setHostStatus] = useState<HostStatus | null>(null);
  useEffect(() => source.watchHost?.(setHostStatus), [source]);
  if (!hostStatus) return null;
  const { host, roundTripMs, reason } = hostStatus;
  return (
    <p class="host-status">
      {host && (
        <span class="mono" title={words.title}>
          <bdi>{host}</bdi>
          {roundTripMs !== null && ` ${formatMs(roundTripMs)}`}
        </span>
      )}
      <span role="status">{reason}</span>
    </p>
  );
}

function formatMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
