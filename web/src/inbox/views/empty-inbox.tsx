import { words } from "../../languages/dictionary.ts";
import { CopyButton } from "../../ui/copy-button.tsx";

/** Waiting for the first mail: what most inboxes are when a person sees them first. */
export function EmptyInbox({ address, smtp }: { address: string; smtp: string[] }) {
  const command = smtp[0] ? [`swaks --server ${smtp[0]}`, `--to ${quoted(address)}`] : null;
  return (
    <div class="state empty">
      <span class="radar" aria-hidden="true" />
      <h2>{words.empty.title}</h2>
      <p>{words.empty.lead}</p>
      {command && (
        <>
          <p class="meta">{words.empty.tryIt}</p>
          <div class="command">
            <code dir="ltr">
              <span>{command[0]}</span> <span>{command[1]}</span>
            </code>
            <CopyButton text={command.join(" ")} what={words.empty.command} class="quiet" />
          </div>
        </>
      )}
    </div>
  );
}

/** For a shell: an address from a link may hold anything that a shell would run. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
