import { DOWNLOAD } from "./drawings.ts";
import { Drawing } from "../ui/icons.tsx";
import { saveFile, useAction } from "./download.tsx";
import { safeName } from "./filename.ts";
import type { MessagePart, OpenMessage } from "../inbox/source.ts";
import { words } from "./words.ts";

interface SaveAllProps {
  parts: MessagePart[];
  opened: OpenMessage;
  name: string;
  date: string;
}

/** A button that saves all attachments in one .zip file. */
export function SaveAll({ parts, opened, name, date }: SaveAllProps) {
  const { run, isBusy, cause } = useAction();
  const pack = async (signal: AbortSignal) => {
    const { downloadZip } = await import("client-zip");
    const lastModified = new Date(date);
    async function* files() {
      for (const [each, { index }] of uniqueNames(parts))
        yield { name: each, input: await opened.part(index, signal), lastModified };
    }
    const packed = await downloadZip(files()).blob();
    if (!signal.aborted) saveFile(packed, name);
  };
  return (
    <>
      <button type="button" class="button" aria-busy={isBusy} onClick={() => void run(pack)}>
        <Drawing path={DOWNLOAD} />
        {isBusy ? words.attachments.saving : words.attachments.saveAll}
      </button>
      {cause && (
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
