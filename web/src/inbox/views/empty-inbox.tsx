import { words } from "../../languages/dictionary.ts";
import { CopyButton } from "../../ui/copy-button.tsx";

/** What an inbox shows before its first message: how to send it one. */
export function EmptyInbox({ address, smtp }: { address: string; smtp: string[] }) {
  const command = smtp[0] ? [`swaks --server ${smtp[0]}`, `--to ${quoteForShell(address)}`] : null;
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

/** Quote a word for a shell: an address from a link may hold shell syntax. */
function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
