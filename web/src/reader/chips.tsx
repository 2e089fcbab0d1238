import { CopyButton } from "../ui/copy-button.tsx";
import { Icon } from "../ui/icons.tsx";
import { hostOf, otherHostInText } from "./link-host.ts";
import type { FoundCode, FoundLink, Summary } from "../inbox/source.ts";
import { words } from "../languages/dictionary.ts";

/** Return true if chips stand below a message in the list: it has codes or links. */
export function hasChips({ codes, links }: Summary): boolean {
  return codes.length + links.length > 0;
}

/** One-time codes to copy, and links to open. A link is shown with its real host. */
export function Chips({ codes, links }: { codes: FoundCode[]; links: FoundLink[] }) {
  const webLinks = links.filter((link) => hostOf(link.url) !== null);
  if (codes.length + webLinks.length === 0) return null;
  return (
    <div class="chips">
      {codes.map(({ code, reason }) => (
        <CopyButton
          key={code}
          text={code}
          what={words.message.code}
          title={words.reason(reason)}
          class="chip"
        >
          <b class="mono" dir="ltr">
            {code}
          </b>
        </CopyButton>
      ))}
      {webLinks.map((link) => (
        <LinkChip key={link.url} link={link} />
      ))}
    </div>
  );
}

/** A link. Its text is not shown if it names another host than the link's own. */
function LinkChip({ link: { url, text, reason } }: { link: FoundLink }) {
  const host = hostOf(url) ?? "";
  const misleads = otherHostInText(text, host) !== null;
  return (
    <a
      class="button chip"
      href={url}
      target="_blank"
      rel="noopener noreferrer nofollow"
      title={`${url}\n${words.reason(reason)}`}
    >
      {text && !misleads && (
        <span class="chip-text" dir="auto">
          {text}
        </span>
      )}
      <span class={text && !misleads ? "host" : "host alone"} dir="ltr">
        {host}
      </span>
      <Icon name={misleads ? "alert" : "open"} />
    </a>
  );
}
