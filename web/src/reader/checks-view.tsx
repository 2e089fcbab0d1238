import { useEffect, useState } from "preact/hooks";
import type { HtmlCheck, MessageChecks } from "../inbox/source.ts";
import { SourceError } from "../inbox/source.ts";
import { causeOf } from "../ui/cause.ts";
import { Failed } from "../ui/error-states.tsx";
import { checksWords as words } from "./checks-words.ts";
import { HtmlReport } from "./html-report.tsx";
import { LinkReport } from "./link-report.tsx";

interface ChecksProps {
  checks: MessageChecks;
  html: string | null;
}

/** The server's checks of a message: its HTML at once, its links when somebody asks for that. */
export function ChecksView({ checks, html }: ChecksProps) {
  return (
    <>
      {checks.html && <HtmlPanel check={checks.html} html={html} />}
      {checks.links && <LinkReport check={checks.links} />}
    </>
  );
}

type HtmlState = HtmlCheck | { cause: string } | "checking" | "none";

function HtmlPanel({ check, html }: { check: NonNullable<MessageChecks["html"]>; html: string | null }) {
  const [state, setState] = useState<HtmlState>("checking");
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    if (html === null) return setState("none");
    const abort = new AbortController();
    const set = (next: HtmlState) => abort.signal.aborted || setState(next);
    setState("checking");
    check(abort.signal).then(set, (error: unknown) =>
      set(error instanceof SourceError && error.kind === "gone" ? "none" : { cause: causeOf(error) }),
    );
    return () => abort.abort();
  }, [check, html, attempt]);
  return (
    <section class="panel" aria-labelledby="html-check-title">
      <h3 id="html-check-title">{words.html}</h3>
      {state === "checking" && <p class="state">{words.checking}</p>}
      {state === "none" && <p class="meta">{words.noHtml}</p>}
      {typeof state === "object" && "cause" in state && (
        <Failed cause={state.cause} retry={() => setAttempt(attempt + 1)} />
      )}
      {typeof state === "object" && "score" in state && <HtmlReport check={state} html={html ?? ""} />}
    </section>
  );
}
