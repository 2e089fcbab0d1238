import { useState } from "preact/hooks";
import { Icon } from "../ui/icons.tsx";
import { save } from "./download.tsx";
import { safeName } from "./filename.ts";
import type { Part } from "./parsed-message.ts";
import { words } from "./words.ts";

type State = "ready" | "packing" | "failed";

/** All attachments in one file, under names that no other of them has. */
export function SaveAll({ parts, name, date }: { parts: Part[]; name: string; date: string }) {
  const [state, setState] = useState<State>("ready");
  const pack = async () => {
    setState("packing");
    try {
      const { downloadZip } = await import("client-zip");
      const lastModified = new Date(date);
      const files = nameAll(parts).map(([each, { content }]) => ({
        name: each,
        input: content,
        lastModified,
      }));
      save(await downloadZip(files).arrayBuffer(), name);
      setState("ready");
    } catch {
      setState("failed");
    }
  };
  return (
    <>
      <button type="button" class="button" disabled={state === "packing"} onClick={() => void pack()}>
        <Icon name="download" />
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

/** `a.txt`, `a (2).txt`, ...: whatever case a file system tells apart. */
export function nameAll(parts: Part[]): [name: string, part: Part][] {
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
