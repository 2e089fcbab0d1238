import "./common.ts";
import { useState } from "preact/hooks";
import { Dialog } from "./dialog.tsx";
import { spoken } from "./language.ts";
import { load, save } from "./storage.ts";

const english = {
  title: "Keyboard",
  list: [
    ["j", "next message"],
    ["k", "previous message"],
    ["Enter", "open"],
    ["Esc", "back to the list"],
    ["/", "search"],
    ["r", "reload"],
    ["?", "this help"],
  ],
  use: "Use these keys",
  close: "Close",
};

export type KeysWords = typeof english;

const said = spoken("keys", english);

export function KeysDialog({ close }: { close: () => void }) {
  const [on, setOn] = useState(() => load("keys", true));
  const turn = (wanted: boolean) => {
    setOn(wanted);
    save("keys", wanted); // here, as an effect would not run once the dialog is closed
  };
  return (
    <Dialog title={said.title} close={close}>
      <dl class="keys">
        {said.list.map(([key, does]) => (
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
          {said.use}
        </label>
        <button type="button" class="button primary" onClick={close}>
          {said.close}
        </button>
      </div>
    </Dialog>
  );
}
