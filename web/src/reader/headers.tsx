import { words } from "./words.ts";

/** The first headers of a message, in a table. `count` counts all. */
export function HeadersView({ headers, count }: { headers: [string, string][]; count: number }) {
  return (
    <>
      <div class="table-holder" tabIndex={0} role="region" aria-label={words.headers}>
        <table class="headers">
          <tbody>
            {headers.map(([name, value], index) => (
              <tr key={index}>
                <th scope="row">{name}</th>
                <td dir="auto">{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {count > headers.length && <p class="meta">{words.more(count - headers.length)}</p>}
    </>
  );
}
