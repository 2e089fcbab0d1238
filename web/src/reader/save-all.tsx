import { DOWNLOAD } from "./drawings.ts";
import { useEffect, useRef, useState } from "preact/hooks";
import { Drawing } from "../ui/icons.tsx";
import { saveFile } from "./download.tsx";
import { safeName } from "./filename.ts";
import type { MessagePart, OpenMessage } from "../inbox/source.ts";
import { words } from "./words.ts";

type State = "ready" | "packing" | "failed";

interface SaveAllProps {
  parts: MessagePart[];
  opened: OpenMessage;
  name: string;
  date: string;
}

/** A button that saves all attachments in one .zip file. */
export function SaveAll({ parts, opened, name, date }: SaveAllProps) {
  const [state, setState] = useState<State>("ready");
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const pack = async () => {
    setState("packing");
    try {
      const { downloadZip } = await import("client-zip");
      const { signal } = (abort.current = new AbortController());
      const lastModified = new Date(date);
      async function* files() {
        for (const [each, { index }] of uniqueNames(parts))
          yield { name: each, input: await opened.part(index, signal), lastModified };
      }
      saveFile(await downloadZip(files()).blob(), name);
      setState("ready");
    } catch {
      setState("failed");
    }
  };
  return (
    <>
      <button type="button" class="button" disabled={state === "packing"} onClick={() => void pack()}>
        <Drawing path={DOWNLOAD} />
        {state === "packing" ? words.attachments.saving : words.attachments.saveAll}
      </button>
      {state === "failed" && (
        <p class="danger" role="alert">
          {words.attachments.notSaved}
        </p>
      )}
    </>
  );
}

/**
 * Give each attachment a unique file name: `a.txt`, `a (2).txt`, ... Case does not make names
 * differ.
 */
export function uniqueNames(parts: MessagePart[]): [name: string, part: MessagePart][] {
  const taken = new Set<string>();
  return parts.map((part) => {
    const wanted = safeName(part.name) || words.attachments.unnamed;
    const dot = wanted.lastIndexOf(".");
    const end = dot > 0 ? dot : wanted.length;
    let name = wanted;
    for (let count = 2; taken.has(name.toLowerCase()); count += 1) {
      name = `${wanted.slice(0, end)} (${count})${wanted.slice(end)}`;
    }
    taken.add(name.toLowerCase());
    return [name, part];
  });
}
