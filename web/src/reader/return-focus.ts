import { useLayoutEffect } from "preact/hooks";
import { inboxHash } from "../inbox/address.ts";

/**
 * When a message is left, or deleted, go on in the list where it is, or was.
 *
 * Otherwise the focus is lost with the message, and a keyboard begins again at the top of the page.
 */
export function useReturnFocus(address: string, id: number): void {
  // Not `useEffect`: a message that is left before its first frame would have no clean-up.
  useLayoutEffect(
    () => () =>
      void requestAnimationFrame(() => {
        if (document.activeElement !== document.body) return; // another message, or a person, has it
        nearestRow(address, id)?.focus({ preventScroll: true });
      }),
    [],
  );
}

/** Return the link of the message in the list whose id is nearest. */
function nearestRow(address: string, id: number): HTMLElement | null {
  let nearest: HTMLElement | null = null;
  let least = Infinity;
  for (const link of document.querySelectorAll<HTMLAnchorElement>("a.message")) {
    if (!link.hash.startsWith(`${inboxHash(address)}/`)) continue;
    const distance = Math.abs(Number(link.hash.split("/").at(-1)) - id);
    if (distance < least) [nearest, least] = [link, distance];
  }
  return nearest;
}
