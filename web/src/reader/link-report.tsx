import { useState } from "preact/hooks";
import type { CheckedLink, LinkCheck, MessageChecks } from "../inbox/source.ts";
import { checksWords as words } from "./checks-words.ts";
import { useAction } from "./download.tsx";

/** What the addresses of a message answer. Nothing is asked before somebody presses the button. */
export function LinkReport({ check }: { check: NonNullable<MessageChecks["links"]> }) {
  const [result, setResult] = useState<LinkCheck | null>(null);
  const { run, isBusy, cause } = useAction();
  const ask = async (signal: AbortSignal) => {
    const found = await check(signal);
    if (!signal.aborted) setResult(found);
  };
  return (
    <section class="panel" aria-labelledby="link-check-title">
      <h3 id="link-check-title">{words.links}</h3>
      <p class="meta">{words.linksWhy}</p>
      <div class="panel-head">
        <button type="button" class="button" aria-busy={isBusy} onClick={() => void run(ask)}>
          {isBusy ? words.checking : result ? words.again : words.checkLinks}
        </button>
        <p role="status" class="meta">
          {result &&
            !isBusy &&
            (result.links.length > 0 ? words.result(result.links.length, result.errors) : words.noLinks)}
        </p>
      </div>
      {cause && (
        <p class="danger" role="alert">
          {cause}
        </p>
      )}
      {result && result.links.length > 0 && (
        <ul class="links">
          {result.links.map((link) => (
            <LinkRow key={link.url} link={link} />
          ))}
        </ul>
      )}
      {result && result.left_out > 0 && <p class="meta">{words.leftOut(result.left_out)}</p>}
    </section>
  );
}

function LinkRow({ link: { url, status, status_text, error, hops } }: { link: CheckedLink }) {
  const colour = status === null || status >= 400 ? "danger" : status >= 300 ? "warn" : "ok";
  return (
    <li>
      <span class={`mark ${colour}`} dir="ltr">
        {status === null ? "–" : `${status} ${status_text}`.trim()}
      </span>
      <bdi class="host">{url}</bdi>
      {error && <bdi class="meta danger">{error}</bdi>}
      {hops.length > 1 && (
        <details>
          <summary>{words.hops(hops.length - 1)}</summary>
          <ul>
            {hops.map((hop, index) => (
              <li key={index}>
                <bdi class="host">
                  {hop.status} {hop.url}
                </bdi>
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}
