// Runs every command of cypress-mailhog against the server in the first argument, and prints what each gave as JSON.
// Cypress itself is not there: `cy`, its chains and `Cypress` below do what these commands need of it.
import { createRequire } from "node:module";

const settings = { mailHogUrl: process.argv[2] };
const parents = {};
const children = {};
const pending = []; // what commands assert and do not wait for

class Chain {
  constructor(work) {
    this.work = Promise.resolve(work);
    for (const [name, command] of Object.entries(children)) {
      this[name] = (...values) => new Chain(this.work.then((subject) => command(subject, ...values)));
    }
  }
  then(done, failed) {
    return new Chain(this.work.then(done, failed));
  }
  its(name) {
    return this.then((subject) => subject[name]);
  }
  should(what, ...values) {
    const asserted = this.then((subject) => {
      if (!holds[what](subject, ...values)) throw new Error(`${what} ${values} does not hold`);
      return subject;
    });
    pending.push(asserted.work);
    return asserted;
  }
}

const holds = {
  "not.have.length": (subject, length) => subject.length !== length,
  "to.have.length.greaterThan": (subject, length) => subject.length > length,
};

async function request({ method, url, auth, failOnStatusCode = true }) {
  const headers = auth ? { authorization: `Basic ${btoa(`${auth.user}:${auth.pass}`)}` } : {};
  const response = await fetch(url, { method, headers });
  const text = await response.text();
  if (failOnStatusCode && !response.ok) throw new Error(`${response.status} ${text}`);
  const isJson = (response.headers.get("content-type") ?? "").includes("application/json");
  return { status: response.status, body: isJson && text ? JSON.parse(text) : text };
}

globalThis.cy = {
  request: (options) => new Chain(request(options)),
  wrap: (value) => new Chain(value),
  verifyUpcomingAssertions: (value) => value,
};
globalThis.Cypress = {
  env: () => undefined,
  config: (name) => settings[name] ?? (name.endsWith("Timeout") ? 2000 : undefined),
  Commands: {
    add(name, options, command = options) {
      (options.prevSubject ? children : parents)[name] = command;
      globalThis.cy[name] = (...values) => new Chain(command(...values));
    },
  },
};
createRequire(import.meta.url)("cypress-mailhog");

const answers = {};
const called = new Set();

async function call(name, ...values) {
  const command = name.split(" ")[0];
  called.add(command);
  try {
    const found = await (parents[command] ?? children[command])(...values);
    await Promise.all(pending.splice(0));
    answers[name] = found?.status === undefined ? found : found.status;
    return found;
  } catch (error) {
    pending.length = 0;
    answers[name] = { error: error.message };
    return undefined;
  }
}

const all = await call("mhGetAllMails");
await call("mhGetAllMails limited", 1);
await call("mhWaitForMails", 1);
const first = await call("mhFirst", all);
await call("mhGetMailsBySubject", "All parts");
await call("mhGetMailsByRecipient", "hidden@example.org");
await call("mhGetMailsBySender", "bounce@shop.example");
await call("mhSearchMails", "to", "hidden@example.org");
await call("mhSearchMails containing", "containing", "invoice");
await call("mhFilterBySubject", all, "All parts");
await call("mhFilterByRecipient", all, "hidden@example.org");
await call("mhFilterBySender", all, "nobody@example.org");
await call("mhGetSubject", first);
await call("mhGetBody", all[1]);
await call("mhGetSender", first);
await call("mhGetRecipients", first);
await call("mhGetAttachments", first);
await call("mhHasMailWithSubject", "All parts");
await call("mhHasMailWithSubject missing", "Nothing");
await call("mhHasMailFrom", "bounce@shop.example");
await call("mhHasMailTo", "hidden@example.org");
await call("mhGetJimMode off");
await call("mhSetJimMode on", true);
await call("mhGetJimMode on");
await call("mhSetJimMode again", true);
await call("mhSetJimMode off", false);
await call("mhGetJimMode at the end");
await call("mhDeleteAll");
await call("mhGetAllMails left");
answers.notCalled = [...Object.keys(parents), ...Object.keys(children)].filter((name) => !called.has(name));
process.stdout.write(JSON.stringify(answers));
process.exit(); // the commands leave timers
