import { useState } from "preact/hooks";
import { Dialog } from "../dialog.tsx";
import { words } from "../words.ts";

interface ConfirmProps {
  title: string;
  act: () => Promise<void>;
  close: () => void;
}

export function ConfirmDelete({ title, act, close }: ConfirmProps) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const go = () => {
    setBusy(true);
    act().then(close, (error: unknown) => {
      setBusy(false);
      setProblem(words.deleting.failed(error instanceof Error ? error.message : String(error)));
    });
  };
  return (
    <Dialog title={title} close={close}>
      <p>{words.deleting.lead}</p>
      {problem && (
        <p class="danger" role="alert">
          {problem}
        </p>
      )}
      <div class="actions">
        <button type="button" class="button" onClick={close}>
          {words.deleting.no}
        </button>
        <button type="button" class="button danger" disabled={busy} onClick={go}>
          {words.deleting.yes}
        </button>
      </div>
    </Dialog>
  );
}
