import { useEffect, useState } from "preact/hooks";
import { Icon } from "./icons.tsx";
import { words } from "../languages/dictionary.ts";

const SAID_MS = 2_000;

/** Put text on the clipboard; over plain HTTP in a local network the old way is the only one. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

interface CopyProps {
  text: string;
  /** What is copied, for those who hear the button: "Copy" + "address". */
  what: string;
  class?: string;
  title?: string;
  children?: preact.ComponentChildren;
}

export function CopyButton({ text, what, class: className = "", title, children }: CopyProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      class={`button ${className}`}
      title={title ?? `${words.inbox.copy} ${what}`}
      onClick={() => void copyText(text).then(() => setCopied(true))}
    >
      {children}
      <Icon name={copied ? "check" : "copy"} />
      <span class="copy-word" aria-live="polite">
        {copied ? words.inbox.copied : words.inbox.copy}
      </span>
      <span class="visually-hidden">{what}</span>
    </button>
  );
}
