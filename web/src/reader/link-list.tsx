import { hostOf, isPunycode, otherHostInText } from "./link-host.ts";
import type { FoundLink } from "../inbox/source.ts";
import { words } from "./words.ts";

const MAX_LINKS = 100;

/** The links of a message with their real hosts. */
export function LinkList({ links }: { links: FoundLink[] }) {
  if (links.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="links-title">
      <h3 id="links-title">
        {words.links.title} <span class="meta">{links.length}</span>
      </h3>
      <ul class="links">
        {links.slice(0, MAX_LINKS).map((link) => (
          <LinkItem key={link.url} link={link} />
        ))}
      </ul>
      {links.length > MAX_LINKS && <p class="meta">{words.more(links.length - MAX_LINKS)}</p>}
    </section>
  );
}

function LinkItem({ link }: { link: FoundLink }) {
  const host = hostOf(link.url);
  if (host === null) return null;
  const other = otherHostInText(link.text, host);
  return (
    <li>
      <a
        href={link.url}
        target="_blank"
        rel="noopener noreferrer nofollow"
        title={link.url}
        dir="auto"
        class="link-text"
      >
        {link.text || link.url}
      </a>
      <span class="host mono" dir="ltr">
        {host}
      </span>
      {isPunycode(host) && <span class="mark warn">{words.links.punycode}</span>}
      {other && (
        <span class="mark danger">
          <bdi>{words.links.elsewhere(other)}</bdi>
        </span>
      )}
    </li>
  );
}
