import { Icon } from "../ui/icons.tsx";
import { words } from "./words.ts";

interface DownloadProps {
  content: ArrayBuffer;
  name: string;
  label?: string;
  describe: string;
}

/** How long a download may take to start before its URL is revoked. */
const REVOKE_AFTER_MS = 60_000;

/**
 * Save a file, always as plain octets: no HTML, SVG or PDF of a message may open in the page's
 * origin.
 */
export function saveFile(content: BlobPart, name: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_AFTER_MS);
}

export function Download({ content, name, label = words.download, describe }: DownloadProps) {
  return (
    <button type="button" class="button" aria-label={describe} onClick={() => saveFile(content, name)}>
      <Icon name="download" />
      <span class="download-word">{label}</span>
    </button>
  );
}
