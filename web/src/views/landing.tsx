import "../common.ts";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../icons.tsx";
import { spoken } from "../language.ts";
import { randomName } from "../names.ts";
import { inboxHash, normalizeAddress } from "../route.ts";
import type { ServerInfo } from "../source.ts";
import { load, save } from "../storage.ts";
import { lifetime } from "../time.ts";

const english = {
  title: "Make up an address, read its mail",
  lead: "Pick any name, give the address away, and watch what arrives. No account, no password.",
  name: "Inbox name",
  domain: "Domain",
  go: "Go",
  another: "Another name",
  recent: "Recent inboxes",
  forget: "Forget",
  invalid: "That is no address: a name without spaces, then a domain.",
  foreign: (domains: string) => `This server takes mail for ${domains} and what is below.`,
  anyDomain: "This server takes mail for any domain.",
  points: (age: string | null, notice?: string) => [
    ["Any name works", "An inbox is there as soon as somebody writes to it."],
    ["Public by design", `${notice ?? "Anyone who knows the name can read it."} Send no secrets.`],
    [
      "Gone by itself",
      `Messages are deleted ${age ? `after ${age}` : "when room runs out"}; the address keeps working.`,
    ],
  ],
};

export type LandingWords = typeof english;

const said = spoken("landing", english);

/** Reserved for examples (RFC 2606): no mail for it can go astray. */
const EXAMPLE_DOMAIN = "example.org";
const RECENT_SHOWN = 5;

interface LandingProps {
  server: ServerInfo | null;
  notice: string | undefined;
}

export function Landing({ server, notice }: LandingProps) {
  const [hint, setHint] = useState(randomName);
  const [name, setName] = useState("");
  const [problem, setProblem] = useState("");
  const domains = server?.domains ?? [];
  const [domain, setDomain] = useState("");
  useEffect(() => {
    document.title = "edgemail";
  }, []);
  const go = (event: Event) => {
    event.preventDefault();
    const suffix = domain || domains[0] || EXAMPLE_DOMAIN;
    const text = name.trim() || hint;
    const address = normalizeAddress(text.includes("@") ? text : `${text}@${suffix}`);
    if (!address) return setProblem(said.invalid);
    if (!isTaken(address, domains)) return setProblem(said.foreign(domains.join(", ")));
    remember(address);
    location.hash = inboxHash(address);
  };
  return (
    <main class="landing">
      <h1>{said.title}</h1>
      <p class="lead">{said.lead}</p>
      <form class="pick" onSubmit={go} noValidate>
        <div class="fields">
          <NameField
            name={name}
            hint={hint}
            wrong={problem !== ""}
            change={(text) => {
              setName(text);
              setProblem("");
            }}
            another={() => setHint(randomName())}
          />
          <span class="at" aria-hidden="true">
            @
          </span>
          <DomainField domains={domains} domain={domain} choose={setDomain} />
        </div>
        <button type="submit" class="button primary go">
          {said.go}
        </button>
      </form>
      <p id="pick-note" class={problem ? "note danger" : "note"} aria-live="polite">
        {problem || (server && domains.length === 0 ? said.anyDomain : "\u00a0")}
      </p>
      <Recent />
      <Points server={server} notice={notice} />
    </main>
  );
}

interface NameProps {
  name: string;
  hint: string;
  wrong: boolean;
  change: (name: string) => void;
  another: () => void;
}

function NameField({ name, hint, wrong, change, another }: NameProps) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <>
      <label class="name">
        <span class="visually-hidden">{said.name}</span>
        <input
          ref={field}
          class="mono"
          value={name}
          placeholder={hint}
          aria-describedby="pick-note"
          aria-invalid={wrong}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxLength={320}
          onInput={(event) => change(event.currentTarget.value)}
        />
      </label>
      <button
        type="button"
        class="button quiet square"
        aria-label={said.another}
        title={said.another}
        onClick={() => {
          change("");
          another();
        }}
      >
        <Icon name="dice" />
      </button>
    </>
  );
}

function Points({ server, notice }: LandingProps) {
  const age = server?.maxAgeSeconds ? lifetime(server.maxAgeSeconds) : null;
  return (
    <ul class="points">
      {said.points(age, notice).map(([title, text]) => (
        <li key={title}>
          <h2>{title}</h2>
          <p>{text}</p>
        </li>
      ))}
    </ul>
  );
}

interface DomainProps {
  domains: string[];
  domain: string;
  choose: (domain: string) => void;
}

function DomainField({ domains, domain, choose }: DomainProps) {
  if (domains.length === 1) return <span class="mono domain">{domains[0]}</span>;
  if (domains.length > 1) {
    return (
      <select
        class="mono domain"
        aria-label={said.domain}
        value={domain || domains[0]}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {domains.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    );
  }
  return (
    <input
      class="mono domain"
      aria-label={said.domain}
      value={domain}
      placeholder={EXAMPLE_DOMAIN}
      autocomplete="off"
      autocapitalize="none"
      spellcheck={false}
      onInput={(event) => choose(event.currentTarget.value.trim())}
    />
  );
}

function Recent() {
  const [addresses, setAddresses] = useState(() => load<string[]>("recent", []));
  if (addresses.length === 0) return null;
  return (
    <section class="recent" aria-labelledby="recent-title">
      <h2 id="recent-title">{said.recent}</h2>
      <ul>
        {addresses.map((address) => (
          <li key={address}>
            <a class="mono" href={inboxHash(address)}>
              {address}
            </a>
          </li>
        ))}
      </ul>
      <button
        type="button"
        class="button quiet"
        onClick={() => {
          save("recent", []);
          setAddresses([]);
        }}
      >
        {said.forget}
      </button>
    </section>
  );
}

function remember(address: string): void {
  const others = load<string[]>("recent", []).filter((known) => known !== address);
  save("recent", [address, ...others].slice(0, RECENT_SHOWN));
}

/** Whether the server takes mail for the address: its domains and their subdomains, or any. */
function isTaken(address: string, domains: string[]): boolean {
  const domain = address.slice(address.indexOf("@") + 1);
  return domains.length === 0 || domains.some((own) => domain === own || domain.endsWith(`.${own}`));
}
