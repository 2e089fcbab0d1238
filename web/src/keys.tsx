import { useEffect, useState } from "preact/hooks";
import { Dialog } from "./dialog.tsx";
import { load, save } from "./storage.ts";
import { words } from "./words.ts";

export type KeyActions = Record<string, () => void>;

/** Single keys do what `actions` says, unless a person is typing or has turned them off. */
export function useKeys(actions: KeyActions): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTyping(event.target) || document.querySelector("dialog[open]") || !load("keys", true)) return;
      const action = actions[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}

export function KeysDialog({ close }: { close: () => void }) {
  const [on, setOn] = useState(() => load("keys", true));
  const turn = (wanted: boolean) => {
    setOn(wanted);
    save("keys", wanted); // here, as an effect would not run once the dialog is closed
  };
  return (
    <Dialog title={words.keys.title} close={close}>
      <dl class="keys">
        {words.keys.list.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <div class="actions">
        <label class="check">
          <input type="checkbox" checked={on} onChange={(event) => turn(event.currentTarget.checked)} />
          {words.keys.use}
        </label>
        <button type="button" class="button primary" onClick={close}>
          {words.keys.close}
        </button>
      </div>
    </Dialog>
  );
}
