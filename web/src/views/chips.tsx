import { CopyButton } from "../copy.tsx";
import { Icon } from "../icons.tsx";
import { hostOf } from "../hosts.ts";
import type { FoundCode, FoundLink } from "../source.ts";
import { words } from "../words.ts";

/** What most people open such a mail for. A link is offered under its real host, and never opened unasked. */
export function Chips({ codes, links }: { codes: FoundCode[]; links: FoundLink[] }) {
  const offered = links.filter((link) => hostOf(link.url) !== null);
  if (codes.length + offered.length === 0) return null;
  return (
    <div class="chips">
      {codes.map(({ code, reason }) => (
        <CopyButton key={code} text={code} what={words.message.code} title={words.reason(reason)} class="chip">
          <b class="mono" dir="ltr">
            {code}
          </b>
        </CopyButton>
      ))}
      {offered.map(({ url, text, reason }) => (
        <a
          key={url}
          class="button chip"
          href={url}
          target="_blank"
          rel="noopener noreferrer nofollow"
          title={`${url}\n${words.reason(reason)}`}
        >
          <span class="chip-text" dir="auto">
            {text || hostOf(url)}
          </span>
          <span class="host" dir="ltr">
            {hostOf(url)}
          </span>
          <Icon name="open" />
        </a>
      ))}
    </div>
  );
}
