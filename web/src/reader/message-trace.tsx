import type { ComponentChildren } from "preact";
import type { MessageContent, Summary } from "../inbox/source.ts";
import { dictionary } from "../languages/dictionary.ts";
import { english } from "../languages/en/parts.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { formatBytes } from "../ui/size.ts";
import { formatDateTime } from "../ui/time.ts";
import { AUTH_COLOURS } from "./auth-results-line.tsx";
import { listAuthReports } from "./auth-results.ts";
import { readEnvelope } from "./envelope.ts";
import { readUnsubscribe } from "./unsubscribe.ts";
import { words as reader } from "./words.ts";

const words = dictionary("parts", english);

const MAX_RECIPIENTS = 100;

/** What the server knows and the headers say of a message: its envelope, its checks, how to leave the list. */
export function MessageTrace({ content, message }: { content: MessageContent; message: Summary | null }) {
  return (
    <>
      {message && <EnvelopePanel content={content} message={message} />}
      <AuthPanel content={content} />
      <UnsubscribePanel content={content} />
    </>
  );
}

function Panel({ id, title, children }: { id: string; title: string; children: ComponentChildren }) {
  return (
    <section class="panel" aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      {children}
    </section>
  );
}

function EnvelopePanel({ content, message }: { content: MessageContent; message: Summary }) {
  const { envelope: labels } = words;
  const known = readEnvelope(content.headers);
  const { sender, recipients, date, size } = message;
  const shown = recipients.slice(0, MAX_RECIPIENTS).join(", ");
  const more =
    recipients.length > MAX_RECIPIENTS ? ` ${reader.more(recipients.length - MAX_RECIPIENTS)}` : "";
  const protocol = known && [
    known.protocol,
    known.isEncrypted ? labels.encrypted : labels.plain,
    ...(known.isLoggedIn ? [labels.loggedIn] : []),
  ];
  const rows: [label: string, value: string][] = [
    [labels.from, sender || "<>"],
    [labels.to, shown + more],
    [labels.date, formatDateTime(date)],
    [labels.size, formatBytes(size)],
    ...(known
      ? ([
          [labels.peer, known.peer],
          [labels.hello, known.hello],
          [labels.protocol, protocol?.join(", ") ?? ""],
          [labels.server, known.server],
          [labels.transaction, known.transaction],
        ] satisfies [string, string][])
      : []),
  ];
  return (
    <Panel id="envelope-title" title={labels.title}>
      <p class="meta">{known ? labels.why : labels.notHere}</p>
      <div class="attachments">
        <table class="headers">
          <tbody>
            {rows.map(([label, value]) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td>
                  <bdi>{value}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function AuthPanel({ content }: { content: MessageContent }) {
  const reports = listAuthReports(content.headers);
  return (
    <Panel id="auth-title" title={words.auth.title}>
      <p class="meta">{reports.length > 0 ? reader.authResults.why : words.auth.none}</p>
      {reports.map(({ header, by, results }, index) => (
        <div key={index}>
          <p class="meta">
            <bdi>{header}</bdi> {by && <bdi>{words.auth.by(by)}</bdi>}
          </p>
          {results.length === 0 && <p class="meta">{words.auth.noResults}</p>}
          <ul class="links">
            {results.map(({ method, result, about }, place) => (
              <li key={place}>
                <span class={`mark ${AUTH_COLOURS[result] ?? "muted"}`} dir="ltr">
                  {method} {result}
                </span>
                <bdi class="host">{about}</bdi>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </Panel>
  );
}

function UnsubscribePanel({ content }: { content: MessageContent }) {
  const { unsubscribe: labels } = words;
  const found = readUnsubscribe(content.headers);
  return (
    <Panel id="unsubscribe-title" title={labels.title}>
      {!found && <p class="meta">{labels.none}</p>}
      {found && found.urls.length > 0 && (
        <>
          <ul class="links">
            {found.urls.map((url) => (
              <li key={url}>
                <bdi class="host">{url}</bdi>
                <CopyButton class="quiet" text={url} what={url} />
              </li>
            ))}
          </ul>
          <p class="meta">{labels.never}</p>
        </>
      )}
      {found?.isOneClick && (
        <p class="meta">
          <span class="mark ok">{labels.oneClickMark}</span> {labels.oneClick}
        </p>
      )}
      {found && found.problems.length > 0 && (
        <ul class="links">
          {found.problems.map((problem) => (
            <li key={problem} class="warn">
              {labels.problems[problem]}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
