/** The shared worker that follows the inboxes of all tabs. */
import { EventHub } from "./event-hub.ts";
import type { FollowerMessage } from "./hub-messages.ts";

const hub = new EventHub(new URL("../api/events", location.href).href);

addEventListener("connect", (event) => {
  const [port] = (event as MessageEvent).ports as [MessagePort];
  port.onmessage = ({ data }: MessageEvent<FollowerMessage>) => {
    hub.receive(port, (message) => port.postMessage(message), data);
  };
});
