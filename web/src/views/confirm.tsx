import "../common.ts";
import { useState } from "preact/hooks";
import { Dialog } from "../dialog.tsx";
import { spoken } from "../language.ts";

const english = {
  one: "Delete this message?",
  all: (address: string) => `Delete every message of ${address}?`,
  lead: "For everyone who reads this inbox. It cannot be undone.",
  yes: "Delete",
  no: "Keep",
  failed: (cause: string) => `Not deleted: ${cause}`,
};

export type DeletingWords = typeof english;

const said = spoken("deleting", english);

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
      setProblem(said.failed(error instanceof Error ? error.message : String(error)));
    });
  };
  return (
    <Dialog title={address === null ? said.one : said.all(address)} close={close}>
      <p>{said.lead}</p>
      {problem && (
        <p class="danger" role="alert">
          {problem}
        </p>
      )}
      <div class="actions">
        <button type="button" class="button" onClick={close}>
          {said.no}
        </button>
        <button type="button" class="button danger" disabled={busy} onClick={go}>
          {said.yes}
        </button>
      </div>
    </Dialog>
  );
}
