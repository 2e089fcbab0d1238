import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../ui/icons.tsx";
import { randomName } from "./random-name.ts";
import { inboxHash, normalizeAddress } from "../inbox/address.ts";
import { keepKey } from "../inbox/inbox-keys.ts";
import { canLock, makeLock } from "../inbox/inbox-lock.ts";
import type { ServerInfo } from "../inbox/source.ts";
import { load, save } from "../ui/storage.ts";
import { formatLifetime } from "../ui/time.ts";
import { dictionary } from "../languages/dictionary.ts";
import { english } from "../languages/en/landing.ts";

const words = dictionary("landing", english);

/** Reserved for examples (RFC 2606): mail to it reaches nobody by mistake. */
const EXAMPLE_DOMAIN = "example.org";
const MAX_RECENT = 5;

interface LandingProps {
  server: ServerInfo | null | undefined;
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
  const [locking, setLocking] = useState(false);
  const canBeLocked = !!server?.locks && canLock();
  const go = async (event: Event) => {
    event.preventDefault();
    const suffix = domain || domains[0] || EXAMPLE_DOMAIN;
    const text = name.trim() || hint;
    const address = normalizeAddress(text.includes("@") ? text : `${text}@${suffix}`);
    if (!address) return setProblem(words.invalid);
    if (!isAccepted(address, domains)) return setProblem(words.foreign(domains.join(", ")));
    const chosen = locking && canBeLocked ? await lockAddress(address) : address;
    if (!chosen) return setProblem(words.invalid);
    remember(chosen);
    location.hash = inboxHash(chosen);
  };
  return (
    <main class="landing">
      <h1>{words.title}</h1>
      <p class="lead">{words.lead}</p>
      <form class="address-form" onSubmit={(event) => void go(event)} noValidate>
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
          {words.go}
        </button>
      </form>
      {canBeLocked && (
        <label class="check">
          <input
            type="checkbox"
            checked={locking}
            aria-describedby="lock-note"
            onChange={(event) => setLocking(event.currentTarget.checked)}
          />
          {words.lock}
        </label>
      )}
      {canBeLocked && (
        <p id="lock-note" class="note">
          {words.lockNote}
        </p>
      )}
      <p id="address-note" class={problem ? "note danger" : "note"} aria-live="polite">
        {problem || (server && domains.length === 0 ? words.anyDomain : "\u00a0")}
      </p>
      <Recent />
      <Features server={server} notice={notice} />
      {server?.abuseContact && (
        <p class="note">
          <a href={server.abuseContact} rel="noreferrer">
            {words.abuse}
          </a>
        </p>
      )}
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
        <span class="visually-hidden">{words.name}</span>
        <input
          ref={field}
          class="mono"
          value={name}
          placeholder={hint}
          aria-describedby="address-note"
          aria-invalid={wrong}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxLength={510}
          onInput={(event) => change(event.currentTarget.value)}
        />
      </label>
      <button
        type="button"
        class="button quiet square"
        aria-label={words.another}
        title={words.another}
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

function Features({ server, notice }: LandingProps) {
  const age = server?.maxAgeSeconds ? formatLifetime(server.maxAgeSeconds) : null;
  return (
    <ul class="features">
      {words.points(age, notice).map(([title, text]) => (
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
        aria-label={words.domain}
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
      aria-label={words.domain}
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
      <h2 id="recent-title">{words.recent}</h2>
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
        {words.forget}
      </button>
    </section>
  );
}

/** Return an address with a lock whose key this browser keeps, or null if it is too long. */
async function lockAddress(address: string): Promise<string | null> {
  const at = address.lastIndexOf("@");
  const { local, key } = await makeLock(address.slice(0, at));
  const locked = normalizeAddress(local + address.slice(at));
  if (locked !== null) keepKey(locked, key);
  return locked;
}

function remember(address: string): void {
  const others = load<string[]>("recent", []).filter((known) => known !== address);
  save("recent", [address, ...others].slice(0, MAX_RECENT));
}

/**
 * Return true if the server accepts mail for the address: its domains, their subdomains, or any.
 */
function isAccepted(address: string, domains: string[]): boolean {
  const domain = address.slice(address.indexOf("@") + 1);
  return domains.length === 0 || domains.some((own) => domain === own || domain.endsWith(`.${own}`));
}
