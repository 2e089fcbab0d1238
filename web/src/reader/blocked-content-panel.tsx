import { hostOf, otherHostInText } from "./link-host.ts";
import { Icon } from "../ui/icons.tsx";
import type { FoundLink } from "../inbox/source.ts";
import type { BlockedContent } from "./blocked-content.ts";
import { words } from "./words.ts";

const MAX_HOSTS = 3;

/** What the message tried to do. Nothing is shown if it tried nothing. */
export function BlockedContentPanel({
  blockedContent,
  links,
  images,
}: {
  blockedContent: BlockedContent;
  links: FoundLink[];
  /** True if the reader has let remote images be loaded, shown now or not. */
  images: boolean;
}) {
  const lines = describe(blockedContent, links);
  if (lines.length === 0) return null;
  return (
    <section class="panel blocked-content" aria-labelledby="blocked-content-title">
      <h3 id="blocked-content-title">
        <Icon name="alert" />
        {words.blockedContent.title}
      </h3>
      <ul>
        {lines.map((text) => (
          <li key={text}>
            <bdi>{text}</bdi>
          </li>
        ))}
      </ul>
      <p class="meta">{images ? words.blockedContent.loaded : words.blockedContent.lead}</p>
    </section>
  );
}

function describe(blockedContent: BlockedContent, links: FoundLink[]): string[] {
  const { images, trackers, scripts, styles, forms, frames, redirects, others } = blockedContent;
  const misleadingLinks = links.filter(
    ({ text, url }) => otherHostInText(text, hostOf(url) ?? "") !== null,
  ).length;
  return [
    trackers.length > 0 && words.blockedContent.trackers(trackers.length, listHosts(trackers)),
    images.length > 0 && words.blockedContent.images(images.length, listHosts(images)),
    scripts > 0 && words.blockedContent.scripts(scripts),
    forms.length > 0 && words.blockedContent.forms(forms.length, listHosts(forms)),
    frames > 0 && words.blockedContent.frames(frames),
    redirects > 0 && words.blockedContent.redirects(redirects),
    styles > 0 && words.blockedContent.styles(styles),
    misleadingLinks > 0 && words.blockedContent.misleadingLinks(misleadingLinks),
    others > 0 && words.blockedContent.others(others),
  ].filter((text) => text !== false);
}

function listHosts(found: string[]): string {
  const hosts = [...new Set(found)].filter(Boolean);
  const rest = hosts.length - MAX_HOSTS;
  return hosts.slice(0, MAX_HOSTS).join(", ") + (rest > 0 ? `, +${rest}` : "");
}
