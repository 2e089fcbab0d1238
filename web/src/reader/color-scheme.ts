/**
 * Makes a message's style sheets see the color scheme that the reader chose.
 *
 * The frame has no script, and a page cannot set what `prefers-color-scheme` is in a frame. So each
 * such condition becomes one that is always true, or never, on any screen.
 */
import type { ColorScheme } from "./view-options.ts";

/** As browsers write it: whatever a sender wrote, escapes and comments included, comes out so. */
const CONDITION = /\(prefers-color-scheme(?:: (light|dark))?\)/g;
const ALWAYS = "(min-width: 0px)";
const NEVER = "(max-width: -1px)";

/** Return a media query list, as the browser writes it, with its color schemes decided. */
export function decideMedia(media: string, scheme: ColorScheme): string {
  return media.replace(CONDITION, (_, wanted?: ColorScheme) =>
    wanted === undefined || wanted === scheme ? ALWAYS : NEVER,
  );
}

/** Return the value of `color-scheme`: of several schemes, the chosen one. */
export function decideColorScheme(value: string, scheme: ColorScheme): string {
  return value.split(" ").includes(scheme) ? scheme : value;
}
