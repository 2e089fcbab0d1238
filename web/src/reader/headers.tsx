import type { MessageHeader } from "../inbox/source.ts";
import { words } from "./words.ts";

const MAX_HEADERS = 500;

/** The first headers of a message, in a table. */
export function HeadersView({ headers }: { headers: MessageHeader[] }) {
  const shown = headers.slice(0, MAX_HEADERS);
  return (
    <>
      <div class="table-holder" tabIndex={0} role="region" aria-label={words.headers}>
        <table class="headers">
          <tbody>
            {shown.map(({ name, value }, index) => (
              <tr key={index}>
                <th scope="row">{name}</th>
                <td dir="auto">{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {headers.length > shown.length && <p class="meta">{words.more(headers.length - shown.length)}</p>}
    </>
  );
}
