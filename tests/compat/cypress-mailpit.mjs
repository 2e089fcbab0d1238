// Runs every command of cypress-mailpit against the server in the first argument, and prints what each gave as JSON.
// Cypress itself is not there: `cy` and `Cypress` below do what these commands need of it.
import { readFileSync } from "node:fs";
import { makeCaller } from "./calling.mjs";

const url = process.argv[2];
const settings = { MAILPIT_URL: url };

async function request({ method, url: target, qs, body, auth }) {
  const at = new URL(target);
  for (const [name, value] of Object.entries(qs ?? {})) at.searchParams.set(name, value);
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  if (auth) headers.authorization = `Basic ${btoa(`${auth.user}:${auth.pass}`)}`;
  const response = await fetch(at, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`); // as `failOnStatusCode` does
  const isJson = (response.headers.get("content-type") ?? "").startsWith("application/json");
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

globalThis.cy = {
  env: async () => ({}),
  wrap: async (value) => value,
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  request,
};
globalThis.Cypress = {
  expose: (name) => settings[name],
  config: () => 5000,
};

// The package says nowhere that it has modules, which Cypress does not mind.
const source = readFileSync(new URL("node_modules/cypress-mailpit/dist/src/MailpitCommands.js", import.meta.url));
const { MailpitCommands } = await import(`data:text/javascript;base64,${source.toString("base64")}`);
const commands = new MailpitCommands();
const { answers, called, call } = makeCaller(commands);

await call("mailpitDeleteAllEmails");
await call("mailpitSendMail");
await call("mailpitSendMail with all", {
  attachments: [{ Content: "bm90ZQ==", Filename: "note.txt" }],
  subject: "Second one",
  to: [{ Email: "kim@example.com", Name: "Kim" }],
});
await call("mailpitGetAllMails");
await call("mailpitGetAllMails second", 1, 1);
const latest = await call("mailpitGetMail");
await call("mailpitSearchEmails", "from:from@example.com -to:kim@example.com");
await call("mailpitGetEmailsBySubject", "Hello Mailpit");
await call("mailpitGetEmailsByTo", "kim@example.com");
await call("mailpitHasEmailsBySearch", "is:unread");
await call("mailpitNotHasEmailsBySearch", "subject:nothing");
await call("mailpitHasEmailsBySubject", "Second");
await call("mailpitNotHasEmailsBySubject", "Third");
await call("mailpitHasEmailsByTo", "jane@example.com");
await call("mailpitNotHasEmailsByTo", "nobody@example.com");
await call("mailpitGetSubject", latest);
await call("mailpitGetFromAddress", latest);
await call("mailpitGetRecipientAddress", latest);
await call("mailpitGetAttachments", latest);
await call("mailpitGetMailHTMlBody", latest);
await call("mailpitGetMailTextBody", latest);
await call("mailpitGetMailSpamAssassinSummary", latest);
await call("mailpitGetMailSpamAssainSummary", latest);
await call("mailpitSetStatusAsUnRead", latest);
await call("mailpitSearchEmails of unread", "is:unread");
await call("mailpitSetStatusAsRead", [latest]);
await call("mailpitSetAllEmailStatusAsUnRead");
await call("mailpitGetAllMails unread");
await call("mailpitSetAllEmailStatusAsRead");
await call("mailpitGetAllMails read");
await call("mailpitDeleteEmailsBySearch", "to:kim@example.com");
await call("mailpitGetAllMails left");
const all = [...MailpitCommands.parentCypressCommands, ...MailpitCommands.childCypressCommands];
answers.notCalled = all.filter((name) => !called.has(name));
process.stdout.write(JSON.stringify(answers));
