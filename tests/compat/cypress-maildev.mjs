// Runs the commands of cypress-maildev against the server in the first argument, and prints what each gave as JSON.
// Cypress itself is not there: `cy` and `Cypress` below do what these commands need of it.
import { createRequire } from "node:module";
import { makeCaller } from "./calling.mjs";

const at = new URL(process.argv[2]);
const settings = { MAILDEV_PROTOCOL: at.protocol.slice(0, -1), MAILDEV_HOST: at.hostname, MAILDEV_API_PORT: at.port };
const visited = [];

function chain(work) {
  const promise = Promise.resolve(work);
  return {
    then: (done, failed) => chain(promise.then(done, failed)),
    its: (name) => chain(promise.then((subject) => subject[name])),
  };
}

async function request({ method, url, headers, body }) {
  const response = await fetch(url, { method, headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  const isJson = (response.headers.get("content-type") ?? "").includes("application/json");
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

globalThis.cy = {
  request: (options) => chain(request(options)),
  wrap: (value) => chain(value),
  origin: (url, { args }, visit) => {
    globalThis.cy.visit = (path) => visited.push(fetch(url + path).then((page) => page.text()));
    visit(args);
  },
};
globalThis.Cypress = { expose: (name) => settings[name] };
console.log = () => {};
const build = "cypress-maildev/build/maildevCommands.js";
const { MaildevCommands } = createRequire(import.meta.url)(`./node_modules/${build}`);
const commands = new MaildevCommands();
const { answers, called, call } = makeCaller(commands);

await call("maildevHealthcheck");
await call("maildevGetAllMessages");
const last = await call("maildevGetLastMessage");
await call("maildevGetMessageById", last.id);
await call("maildevGetMessageById missing", "999999");
await call("maildevGetMessageBySubject", "All parts");
await call("maildevGetMessageBySubject missing", "Nothing");
await call("maildevGetMessageBySentTo", "kim@example.org");
await call("maildevGetOTPCode", last.text);
await call("maildevVisitMessageById", last.id);
answers.visited = await Promise.all(visited);
await call("maildevDeleteMessageById", last.id);
await call("maildevGetAllMessages left");
await call("maildevDeleteAllMessages");
await call("maildevGetAllMessages at the end");
answers.notCalled = MaildevCommands.cypressCommands.filter((name) => !called.has(name));
process.stdout.write(JSON.stringify(answers));
