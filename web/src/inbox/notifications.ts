import { useState } from "preact/hooks";
import { inboxHash } from "./address.ts";
import type { Summary } from "./source.ts";
import { load, save } from "../ui/storage.ts";
import { senderName } from "./sender.ts";
import { words } from "../languages/dictionary.ts";

type NotificationState = "off" | "on" | "denied" | "unsupported";

/**
 * Return the state of desktop notifications, and a function to switch them. Only that asks for
 * permission.
 */
export function useNotifications(): [NotificationState, () => void] {
  const [state, setState] = useState(permission);
  const toggle = () => {
    if (state === "on") {
      save("notify", false);
      setState("off");
      return;
    }
    void Notification.requestPermission().then((answer) => {
      save("notify", answer === "granted");
      setState(permission());
    });
  };
  return [state, toggle];
}

function permission(): NotificationState {
  if (!("Notification" in window)) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  return Notification.permission === "granted" && load("notify", false) ? "on" : "off";
}

/**
 * Notify the reader of a message if the page is hidden. The tag makes several tabs notify only
 * once.
 */
export function notify(address: string, message: Summary): void {
  if (!document.hidden || permission() !== "on") return;
  try {
    const notification = new Notification(senderName(message) || words.inbox.noSender, {
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
