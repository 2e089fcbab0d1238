import { causeOf } from "./cause.ts";
import { useState } from "preact/hooks";
import { Dialog } from "./dialog.tsx";
import { dictionary } from "../languages/dictionary.ts";
import { english } from "../languages/en/confirm-delete.ts";

const words = dictionary("confirmDelete", english);

interface ConfirmProps {
  /** The inbox that is emptied; null for one message. */
  address: string | null;
  act: () => Promise<void>;
  close: () => void;
}

export function ConfirmDelete({ address, act, close }: ConfirmProps) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const go = () => {
    setBusy(true);
    act().then(close, (error: unknown) => {
      setBusy(false);
      setProblem(words.failed(causeOf(error)));
    });
  };
  return (
    <Dialog title={address === null ? words.one : words.all(address)} close={close}>
      <p>{words.lead}</p>
      {problem && (
        <p class="danger" role="alert">
          {problem}
        </p>
      )}
      <div class="actions">
        <button type="button" class="button" onClick={close}>
          {words.no}
        </button>
        <button type="button" class="button danger" disabled={busy} onClick={go}>
          {words.yes}
        </button>
      </div>
    </Dialog>
  );
}
