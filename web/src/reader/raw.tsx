import { bytes } from "../size.ts";
import { words } from "./words.ts";
import { Download } from "./download.tsx";

const SHOWN_BYTES = 500_000;

export function RawView({ raw, id }: { raw: ArrayBuffer; id: number }) {
  const text = new TextDecoder().decode(raw.slice(0, SHOWN_BYTES));
  return (
    <>
      <div class="view-tools">
        <Download
          content={raw}
          name={`message-${id}.eml`}
          label={words.eml}
          describe={words.eml}
        />
        <span class="meta">
          {raw.byteLength > SHOWN_BYTES
            ? words.cut(bytes(SHOWN_BYTES), bytes(raw.byteLength))
            : bytes(raw.byteLength)}
        </span>
      </div>
      <pre class="raw" dir="ltr" tabIndex={0} aria-label={words.raw}>
        {text}
      </pre>
    </>
  );
}

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
