import { useState } from "preact/hooks";
import type { HtmlCheck, HtmlWarning, SupportScore, WarnedClient } from "../inbox/source.ts";
import { locale } from "../languages/dictionary.ts";
import { checksWords as words } from "./checks-words.ts";
import { HtmlSource } from "./html-source.tsx";
import { barWidths, listFamilies, warningsFor } from "./html-warnings.ts";
import { words as reader } from "./words.ts";

const MAX_WARNINGS = 200;
const MAX_LINES = 12;
const MAX_CLIENTS = 200;
const COLOURS = ["ok", "warn", "danger"] as const;
const SUPPORT_COLOURS = { no: "danger", partial: "warn", unknown: "muted" } as const;

/** The result of an HTML check, and the source that its warnings lead to. */
export function HtmlReport({ check, html }: { check: HtmlCheck; html: string }) {
  const [family, setFamily] = useState("");
  const [jump, setJump] = useState<{ line: number } | null>(null);
  const warnings = warningsFor(check, family);
  const shown = warnings.slice(0, MAX_WARNINGS);
  return (
    <>
      <ScoreBar score={check.score} />
      <p class="meta">
        {words.measured(check.tests, check.nodes)} <FactsSource date={check.data_date} />
      </p>
      {check.truncated && <p class="meta warn">{words.truncated}</p>}
      <div class="panel-head">
        <h4>
          {words.warnings} <span class="meta">{warnings.length}</span>
        </h4>
        {check.warnings.length > 0 && (
          <select
            aria-label={words.family}
            value={family}
            onChange={(event) => setFamily(event.currentTarget.value)}
          >
            <option value="">{words.allFamilies}</option>
            {listFamilies(check).map((each) => (
              <option key={each.family} value={each.family}>
                {each.name} ({each.warnings})
              </option>
            ))}
          </select>
        )}
      </div>
      {warnings.length === 0 && <p class="meta">{words.noWarnings}</p>}
      {shown.length > 0 && (
        <ul class="attachments">
          {shown.map((warning) => (
            <Warning key={warning.slug} warning={warning} show={(line) => setJump({ line })} />
          ))}
        </ul>
      )}
      {warnings.length > shown.length && <p class="meta">{reader.more(warnings.length - shown.length)}</p>}
      <HtmlSource html={html} jump={jump} />
    </>
  );
}

function FactsSource({ date }: { date: string }) {
  return (
    <a href="https://www.caniemail.com/" target="_blank" rel="noopener noreferrer nofollow">
      {words.facts(date)}
    </a>
  );
}

function ScoreBar({ score }: { score: SupportScore }) {
  const widths = barWidths(score);
  const figures = [
    words.supported(percent(score.supported)),
    words.partial(percent(score.partial)),
    words.unsupported(percent(score.unsupported)),
  ];
  return (
    <div role="group" aria-label={words.score}>
      <div class="score" aria-hidden="true">
        {COLOURS.map((colour, index) => (
          <span key={colour} class={colour} style={{ width: `${widths[index] ?? 0}%` }} />
        ))}
      </div>
      <p class="chips">
        {COLOURS.map((colour, index) => (
          <span key={colour} class={`mark ${colour}`}>
            {figures[index]}
          </span>
        ))}
      </p>
    </div>
  );
}

function Warning({ warning, show }: { warning: HtmlWarning; show: (line: number) => void }) {
  const { title, description, url, found, score, lines, clients } = warning;
  const isWeb = /^https:\/\//.test(url);
  return (
    <li class="warning">
      <p>
        <b>
          {isWeb ? (
            <a href={url} target="_blank" rel="noopener noreferrer nofollow" aria-label={words.about(title)}>
              {title}
            </a>
          ) : (
            title
          )}
        </b>{" "}
        <span class="meta">{words.found(found)}</span>
      </p>
      {description && <p class="meta">{description}</p>}
      <p class="chips">
        {score.unsupported > 0 && (
          <span class="mark danger">{words.unsupported(percent(score.unsupported))}</span>
        )}
        {score.partial > 0 && <span class="mark warn">{words.partial(percent(score.partial))}</span>}
        {lines.slice(0, MAX_LINES).map((line) => (
          <button key={line} type="button" class="link" onClick={() => show(line)}>
            {words.line(line)}
          </button>
        ))}
        {lines.length > MAX_LINES && <span class="meta">{reader.more(lines.length - MAX_LINES)}</span>}
      </p>
      <details>
        <summary>{words.clients(clients.length)}</summary>
        <ul class="links">
          {clients.slice(0, MAX_CLIENTS).map((client, index) => (
            <Client key={index} client={client} />
          ))}
        </ul>
        {clients.length > MAX_CLIENTS && <p class="meta">{reader.more(clients.length - MAX_CLIENTS)}</p>}
      </details>
    </li>
  );
}

function Client({ client: { name, platform, version, support, note } }: { client: WarnedClient }) {
  return (
    <li>
      <span class={`mark ${SUPPORT_COLOURS[support] ?? "muted"}`}>{words.support[support] ?? support}</span>
      <span dir="ltr">{[name, platform, version].filter(Boolean).join(" ")}</span>
      {note && (
        <span class="host" dir="auto">
          {note}
        </span>
      )}
    </li>
  );
}

function percent(value: number): string {
  return new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 1 }).format(value / 100);
}
