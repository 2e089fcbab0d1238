import { hostOf, otherHostInText } from "./link-host.ts";
import { Icon } from "../ui/icons.tsx";
import type { FoundLink } from "../inbox/source.ts";
import type { Deeds } from "./blocked-content.ts";
import { words } from "./words.ts";

const HOSTS_SHOWN = 3;

/** What the message would have done elsewhere; nothing where it is harmless. */
export function WouldHaveDone({
  deeds,
  links,
  images,
}: {
  deeds: Deeds;
  links: FoundLink[];
  images: boolean;
}) {
  const said = describe(deeds, links);
  if (said.length === 0) return null;
  return (
    <section class="panel deeds" aria-labelledby="deeds-title">
      <h3 id="deeds-title">
        <Icon name="alert" />
        {words.deeds.title}
      </h3>
      <ul>
        {said.map((text) => (
          <li key={text}>
            <bdi>{text}</bdi>
          </li>
        ))}
      </ul>
      <p class="meta">{images ? words.deeds.loaded : words.deeds.lead}</p>
    </section>
  );
}

function describe(deeds: Deeds, links: FoundLink[]): string[] {
  const { images, trackers, scripts, styles, forms, frames, moves, others } = deeds;
  const lies = links.filter(({ text, url }) => otherHostInText(text, hostOf(url) ?? "") !== null).length;
  return [
    trackers.length > 0 && words.deeds.trackers(trackers.length, hosts(trackers)),
    images.length > 0 && words.deeds.images(images.length, hosts(images)),
    scripts > 0 && words.deeds.scripts(scripts),
    forms.length > 0 && words.deeds.forms(forms.length, hosts(forms)),
    frames > 0 && words.deeds.frames(frames),
    moves > 0 && words.deeds.moves(moves),
    styles > 0 && words.deeds.styles(styles),
    lies > 0 && words.deeds.lies(lies),
    others > 0 && words.deeds.others(others),
  ].filter((text) => text !== false);
}

function hosts(all: string[]): string {
  const each = [...new Set(all)].filter(Boolean);
  const rest = each.length - HOSTS_SHOWN;
  return each.slice(0, HOSTS_SHOWN).join(", ") + (rest > 0 ? `, +${rest}` : "");
}
