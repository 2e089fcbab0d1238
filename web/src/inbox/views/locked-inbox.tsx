import { useEffect, useRef, useState } from "preact/hooks";
import { canLock, findLock, isKey, opens } from "../inbox-lock.ts";
import { keepKey, keyOf } from "../inbox-keys.ts";
import type { Inbox } from "../inbox.ts";
import { dictionary } from "../../languages/dictionary.ts";
import { english } from "../../languages/en/lock.ts";

const words = dictionary("lock", english);

/** Says that an inbox is locked, and takes its key: the key alone, or a link that has it. */
export function LockedInbox({ inbox }: { inbox: Inbox }) {
  const { address, state } = inbox;
  const [text, setText] = useState("");
  const [problem, setProblem] = useState(() => (keyOf(address) === undefined ? "" : words.wrong));
  const field = useRef<HTMLInputElement>(null);
  const asked = useRef(false);
  useEffect(() => field.current?.focus(), []);
  useEffect(() => {
    if (asked.current) setProblem(words.wrong); // the server has refused again
  }, [state.phase]);
  const open = async (event: Event) => {
    event.preventDefault();
    const key = text.trim().replace(/^.*[?]key=/s, "");
    if (!isKey(key)) return setProblem(words.noKey);
    if (!(await fits(address, key))) return setProblem(words.wrong);
    keepKey(address, key);
    setProblem("");
    asked.current = true;
    inbox.reload();
  };
  return (
    <section class="state" aria-labelledby="locked-title">
      <h2 id="locked-title">{words.title}</h2>
      <p>{words.lead}</p>
      <form class="address-form" onSubmit={(event) => void open(event)} noValidate>
        <div class="fields">
          <label class="name">
            <span class="visually-hidden">{words.key}</span>
            <input
              ref={field}
              class="mono"
              value={text}
              placeholder={words.key}
              aria-describedby="key-note"
              aria-invalid={problem !== ""}
              autocomplete="off"
              autocapitalize="none"
              spellcheck={false}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </label>
        </div>
        <button type="submit" class="button primary go">
          {words.open}
        </button>
      </form>
      <p id="key-note" class="note danger" aria-live="polite">
        {problem || "\u00a0"}
      </p>
      <p class="note">{words.where}</p>
    </section>
  );
}

/** Compare a key with the address here: a mistyped one need not be sent. The server decides. */
async function fits(address: string, key: string): Promise<boolean> {
  const lock = findLock(address.slice(0, address.lastIndexOf("@")));
  return lock === null || !canLock() || opens(lock, key);
}
