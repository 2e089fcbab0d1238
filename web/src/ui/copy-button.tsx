import { useEffect, useState } from "preact/hooks";
import { Icon } from "./icons.tsx";
import { words } from "../languages/dictionary.ts";

const COPIED_SHOWN_MS = 2_000;

/** Copy text. Over plain HTTP there is no `navigator.clipboard`, so fall back to `execCommand`. */
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
  /** What is copied, for screen readers: "Copy" + "address". */
  what: string;
  class?: string;
  title?: string;
  children?: preact.ComponentChildren;
}

export function CopyButton({ text, what, class: className = "", title, children }: CopyProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), COPIED_SHOWN_MS);
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
