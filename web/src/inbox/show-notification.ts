import { words } from "../languages/dictionary.ts";
import { inboxHash } from "./address.ts";
import type { Summary } from "./source.ts";

/** Show a message on the desktop. The tag makes several tabs show it only once. */
export function showNotification(address: string, message: Summary, sender: string): void {
  try {
    const notification = new Notification(sender || words.inbox.noSender, {
      body: message.subject || words.inbox.noSubject,
      icon: new URL("icon.svg", document.baseURI).href,
      tag: `edgemail ${address} ${message.id} ${message.date}`,
      dir: "auto",
    });
    notification.onclick = () => {
      window.focus();
      location.hash = inboxHash(address, message.id);
      notification.close();
    };
  } catch {
    // Browsers on Android throw: they allow notifications from a service worker only.
  }
}
