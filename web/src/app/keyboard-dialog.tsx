import { useState } from "preact/hooks";
import { Dialog } from "../ui/dialog.tsx";
import { load, save } from "../ui/storage.ts";
import { dictionary } from "../languages/dictionary.ts";
import { english } from "../languages/en/keyboard.ts";

const words = dictionary("keyboard", english);

/** Lists the keyboard shortcuts, and turns them off. */
export function KeyboardDialog({ close }: { close: () => void }) {
  const [on, setOn] = useState(() => load("keys", true));
  const change = (wanted: boolean) => {
    setOn(wanted);
    save("keys", wanted); // not in an effect: that would not run after the dialog is closed
  };
  return (
    <Dialog title={words.title} close={close}>
      <dl class="shortcuts">
        {words.list.map(([key, does]) => (
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
          <input type="checkbox" checked={on} onChange={(event) => change(event.currentTarget.checked)} />
          {words.use}
        </label>
        <button type="button" class="button primary" onClick={close}>
          {words.close}
        </button>
      </div>
    </Dialog>
  );
}
