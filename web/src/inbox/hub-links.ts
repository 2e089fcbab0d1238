/**
 * The ways to a hub: in a shared worker; in the tab that has been elected for it; in this tab.
 *
 * Each way has one link for each inbox that a tab follows.
 */
import type { EventHub } from "./event-hub.ts";
import type { FollowerMessage, HubLink, HubMessage } from "./hub-messages.ts";

interface LinkEvents {
  receive(message: HubMessage): void;
  /** There is no hub this way. */
  lost(): void;
}

export interface HubWay {
  /** `isSilent` says that the hub has not answered the last link. */
  connect(events: LinkEvents, isSilent: boolean): HubLink;
}

interface FollowerPost {
  from: string;
  message: FollowerMessage;
}

/** An answer to one follower, or to all of them if `to` is empty. */
interface HubPost {
  to: string;
  message: HubMessage;
}

/** Return the ways that this browser offers, the best first. */
export function hubWays(url: string, workerUrl: string | undefined): HubWay[] {
  const ways: HubWay[] = [];
  if (workerUrl !== undefined && typeof SharedWorker === "function") ways.push(workerWay(workerUrl));
  // Without TLS browsers offer locks to the machine's own pages alone.
  if (typeof BroadcastChannel === "function" && navigator.locks) ways.push(electedWay(url));
  ways.push(ownWay(url));
  return ways;
}

function workerWay(workerUrl: string): HubWay {
  return {
    connect({ receive, lost }) {
      const worker = new SharedWorker(workerUrl, { name: "edgemail events" });
      worker.addEventListener("error", lost);
      worker.port.onmessage = ({ data }: MessageEvent<HubMessage>) => receive(data);
      return {
        send: (message) => worker.port.postMessage(message),
        close: () => {
          worker.removeEventListener("error", lost);
          worker.port.close();
        },
      };
    },
  };
}

/**
 * All tabs ask for the same lock: the one that has it is elected, until it is gone. A tab that gets
 * no answer takes the lock.
 */
function electedWay(url: string): HubWay {
  const name = `edgemail ${url}`;
  let isCandidate = false;
  const stand = (steal: boolean) => {
    isCandidate = true;
    let serving: Promise<() => void> | undefined;
    const untilGone = async () => {
      serving = serveTabs(name, url);
      await serving;
      await new Promise<never>(() => undefined);
    };
    navigator.locks.request(name, { steal }, untilGone).catch(async () => {
      const stop = await serving?.catch(() => undefined);
      stop?.(); // another tab has taken the lock
      if (stop) stand(false);
      else isCandidate = false;
    });
  };
  return {
    connect({ receive }, isSilent) {
      const id = crypto.randomUUID();
      const channel = new BroadcastChannel(name);
      channel.onmessage = ({ data }: MessageEvent<FollowerPost | HubPost>) => {
        if ("to" in data && (data.to === id || data.to === "")) receive(data.message);
      };
      if (isSilent || !isCandidate) stand(isSilent);
      return {
        send: (message) => channel.postMessage({ from: id, message } satisfies FollowerPost),
        close: () => channel.close(),
      };
    },
  };
}

/** Be the hub of all tabs. Return a function that ends this. */
async function serveTabs(name: string, url: string): Promise<() => void> {
  const { EventHub } = await import("./event-hub.ts");
  const hub = new EventHub(url);
  const channel = new BroadcastChannel(name);
  const post = (to: string, message: HubMessage) => channel.postMessage({ to, message } satisfies HubPost);
  channel.onmessage = ({ data }: MessageEvent<FollowerPost | HubPost>) => {
    if ("from" in data) hub.receive(data.from, (message) => post(data.from, message), data.message);
  };
  post("", { kind: "who" });
  return () => {
    channel.close();
    hub.stop();
  };
}

/** A connection for each inbox, as there is no way to other tabs. */
function ownWay(url: string): HubWay {
  return {
    connect({ receive, lost }) {
      const loading = import("./event-hub.ts").then(({ EventHub }) => new EventHub(url));
      loading.catch(lost);
      const use = (act: (hub: EventHub) => void) => void loading.then(act, () => undefined);
      return {
        send: (message) => use((hub) => hub.receive(receive, receive, message)),
        close: () => use((hub) => hub.stop()),
      };
    },
  };
}
