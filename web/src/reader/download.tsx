import { DOWNLOAD } from "./drawings.ts";
import { useEffect, useRef, useState } from "preact/hooks";
import { causeOf } from "../ui/cause.ts";
import { Drawing } from "../ui/icons.tsx";
import { words } from "./words.ts";

interface DownloadProps {
  load: (signal: AbortSignal) => Promise<Blob>;
  name: string;
  label?: string;
  describe: string;
  title?: string;
  type?: "message/rfc822";
}

/** How long a download may take to start before its URL is revoked. */
const REVOKE_AFTER_MS = 60_000;

/**
 * Save a file, as plain octets: no HTML, SVG or PDF of a message may open in the page's origin.
 *
 * A whole message may be saved as one. No browser shows that itself, and some offer to open it in a mail
 * program.
 */
export function saveFile(
  content: Blob,
  name: string,
  type: "application/octet-stream" | "message/rfc822" = "application/octet-stream",
): void {
  const url = URL.createObjectURL(content.slice(0, content.size, type));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_AFTER_MS);
}

/** A button that loads a file and saves it. */
export function Download({ load, name, label = words.download, describe, title, type }: DownloadProps) {
  const { run, isBusy, cause } = useAction();
  const save = async (signal: AbortSignal) => {
    const content = await load(signal);
    if (!signal.aborted) saveFile(content, name, type);
  };
  return (
    <>
      <button
        type="button"
        class="button"
        aria-label={describe}
        title={title}
        aria-busy={isBusy}
        onClick={() => void run(save)}
      >
        <Drawing path={DOWNLOAD} />
        <span class="download-word">{label}</span>
      </button>
      {cause && (
        <span class="danger" role="alert">
          {cause}
        </span>
      )}
    </>
  );
}

/**
 * Return a function that runs an action, one at a time, and why the last one failed (empty if it did
 * not). Actions end with the component.
 */
export function useAction() {
  const [isBusy, setIsBusy] = useState(false);
  const [cause, setCause] = useState("");
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const run = async (action: (signal: AbortSignal) => Promise<void>) => {
    if (isBusy) return;
    const { signal } = (abort.current = new AbortController());
    setIsBusy(true);
    setCause("");
    try {
      await action(signal);
    } catch (error) {
      if (!signal.aborted) setCause(causeOf(error));
    }
    if (!signal.aborted) setIsBusy(false);
  };
  return { run, isBusy, cause };
}
