import { useState } from "preact/hooks";
import type { Summary } from "./source.ts";
import { load, save } from "../ui/storage.ts";
import { senderName } from "./sender.ts";

type NotificationState = "off" | "on" | "denied" | "unsupported";

/**
 * Return the state of desktop notifications, and a function to switch them. Only that asks for
 * permission.
 */
export function useNotifications(): [NotificationState, () => void] {
  const [state, setState] = useState(permission);
  if (state === "on") void fetchShowing(); // now: the server may be gone when a message has come
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

/** Notify the reader of a message if the page is hidden. */
export function notify(address: string, message: Summary): void {
  if (document.hidden && permission() === "on")
    void fetchShowing().then((part) => part?.showNotification(address, message, senderName(message)));
}

/** Few readers want notifications, so what shows them is fetched for those alone. */
function fetchShowing() {
  return import("./show-notification.ts").catch(() => null);
}
