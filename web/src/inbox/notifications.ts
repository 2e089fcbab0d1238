import { useState } from "preact/hooks";
import { inboxHash } from "../inbox/address.ts";
import type { Summary } from "./source.ts";
import { load, save } from "../ui/storage.ts";
import { senderName } from "./sender.ts";
import { words } from "../languages/dictionary.ts";

export type Permission = "off" | "on" | "denied" | "impossible";

/** Whether new mail is told by the desktop, and a way to change that; nothing is asked before somebody wants it. */
export function useNotifications(): [Permission, () => void] {
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

function permission(): Permission {
  if (!("Notification" in window)) return "impossible";
  if (Notification.permission === "denied") return "denied";
  return Notification.permission === "granted" && load("notify", false) ? "on" : "off";
}

/** Tell of a message where the page is not looked at. Its tag keeps several tabs from telling it twice. */
export function notify(address: string, message: Summary): void {
  if (!document.hidden || permission() !== "on") return;
  try {
    const told = new Notification(senderName(message) || words.inbox.noSender, {
      body: message.subject || words.inbox.noSubject,
      icon: new URL("icon.svg", document.baseURI).href,
      tag: `edgemail ${address} ${message.id} ${message.date}`,
      dir: "auto",
    });
    told.onclick = () => {
      window.focus();
      location.hash = inboxHash(address, message.id);
      told.close();
    };
  } catch {
    // Android's browsers have the class, and throw where no service worker shows it.
  }
}
