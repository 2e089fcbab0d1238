import { useEffect, useMemo, useState } from "preact/hooks";
import { Icon, Logo } from "../ui/icons.tsx";
import { LanguageMenu } from "./language-menu.tsx";
import { lazyComponent } from "../ui/lazy-component.tsx";
import { KEY_MARK, parseRoute, type Route } from "./route.ts";
import type { MailSource, ServerInfo } from "../inbox/source.ts";
import { ThemeButton } from "../ui/theme.tsx";
import { ALL_MAIL } from "../inbox/address.ts";
import { type AskEarly, earlyPages } from "../inbox/early-page.ts";
import { words } from "../languages/dictionary.ts";

/** An inbox whose first page comes within this time is shown with it: one picture in place of two. */
const AT_ONCE_MS = 50;

const Landing = lazyComponent(() => import("./landing.tsx").then((part) => part.Landing));
const InboxView = lazyComponent(() => import("../inbox/views/inbox-view.tsx").then((part) => part.InboxView));
const KeyboardDialog = lazyComponent(() =>
  import("./keyboard-dialog.tsx").then((part) => part.KeyboardDialog),
);

/** Start to fetch the view that the URL names, while `config.json` is still loading. */
export function fetchView(): void {
  const { view } = parseRoute(location.hash);
  if (view !== "inbox") Landing.load();
  if (view !== "landing") InboxView.load();
}

/** The frame around every view: header, current view, keyboard help. */
export function App({ source }: { source: MailSource }) {
  const ask = useMemo(() => earlyPages(source), [source]);
  const server = useServer(source);
  const route = homeOf(useRoute(ask), server);
  const address = route.view === "inbox" ? route.address : null;
  useMemo(() => address !== null && ask(address), [address]); // while the code of its view is still fetched
  const [help, setHelp] = useState(false);
  return (
    <div class={route.view === "inbox" && route.id !== null ? "app reading" : "app"}>
      <header class="top">
        <a class="brand" href="#/">
          <Logo />
          edgemail
        </a>
        <LanguageMenu />
        <ThemeButton />
        <button
          type="button"
          class="button quiet square"
          aria-label={words.keyboard}
          title={words.keyboard}
          onClick={() => setHelp(true)}
        >
          <Icon name="help" />
        </button>
      </header>
      {route.view === "landing" && <Landing server={server} notice={source.notice} />}
      {route.view === "inbox" && (
        <InboxView
          key={route.address}
          source={source}
          server={server}
          address={route.address}
          id={route.id}
          help={() => setHelp(true)}
        />
      )}
      {help && <KeyboardDialog close={() => setHelp(false)} />}
    </div>
  );
}

/** Return the view that stands for the home view, once the server has said which. */
function homeOf(route: Route, server: ServerInfo | null | undefined): Route {
  if (route.view !== "home" || server === undefined) return route;
  return server?.listsAllMail ? { view: "inbox", address: ALL_MAIL, id: null } : { view: "landing" };
}

/** Return the view that the URL names. */
function useRoute(ask: AskEarly): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const follow = async () => {
      // `main.tsx` takes a key out of a link, before any view sees it.
      if (location.hash.includes(KEY_MARK)) return location.reload();
      const next = parseRoute(location.hash);
      if (next.view === "inbox")
        await Promise.race([ask(next.address), new Promise((end) => setTimeout(end, AT_ONCE_MS))]);
      setRoute(parseRoute(location.hash));
    };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}

/**
 * Return what the server says of itself: undefined before it answers, null if it does not. No inbox
 * waits for this.
 */
function useServer(source: MailSource): ServerInfo | null | undefined {
  const [server, setServer] = useState<ServerInfo | null | undefined>(source.known);
  // At once, and not in an effect: that runs after the next frame.
  useMemo(() => source.known ?? source.server().then(setServer, () => setServer(null)), [source]);
  return server;
}
