import { useEffect, useState } from "preact/hooks";
import { Icon, Logo } from "./icons.tsx";
import { choose, language, LANGUAGES } from "./language.ts";
import { lazily } from "./lazily.tsx";
import { parseRoute, type Route } from "./route.ts";
import type { MailSource, ServerInfo } from "./source.ts";
import { ThemeButton } from "./theme.tsx";
import { words } from "./words.ts";

const Landing = lazily(() => import("./views/landing.tsx").then((part) => part.Landing));
const InboxView = lazily(() => import("./views/inbox.tsx").then((part) => part.InboxView));
const KeysDialog = lazily(() => import("./keys-dialog.tsx").then((part) => part.KeysDialog));

/** Fetch what the address asks for, while the page still learns where its mail comes from. */
export function fetchView(): void {
  (parseRoute(location.hash).view === "landing" ? Landing : InboxView).load();
}

export function App({ source }: { source: MailSource }) {
  const route = useRoute();
  const server = useServer(source);
  const [help, setHelp] = useState(false);
  return (
    <div class={route.view === "inbox" && route.id !== null ? "app reading" : "app"}>
      <header class="top">
        <a class="brand" href="#/">
          <Logo />
          edgemail
        </a>
        <LanguageChoice />
        <ThemeButton />
        <button
          type="button"
          class="button quiet square"
          aria-label={words.keys}
          title={words.keys}
          onClick={() => setHelp(true)}
        >
          <Icon name="help" />
        </button>
      </header>
      {route.view === "landing" ? (
        <Landing server={server} notice={source.notice} />
      ) : (
        <InboxView
          key={route.address}
          source={source}
          server={server}
          address={route.address}
          id={route.id}
          help={() => setHelp(true)}
        />
      )}
      {help && <KeysDialog close={() => setHelp(false)} />}
    </div>
  );
}

/** A list of the browser's own, behind an icon: its names are in their own languages. */
function LanguageChoice() {
  return (
    <label class="button quiet square language" title={words.language}>
      <Icon name="globe" />
      <select
        aria-label={words.language}
        value={language()}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {Object.entries(LANGUAGES).map(([tag, { name }]) => (
          <option key={tag} value={tag} lang={tag}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const follow = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}

/** What the server says of itself; null until it does. Nothing that a reader needs waits for it. */
function useServer(source: MailSource): ServerInfo | null {
  const [server, setServer] = useState<ServerInfo | null>(null);
  useEffect(() => {
    source.server().then(setServer, () => setServer(null));
  }, [source]);
  return server;
}
