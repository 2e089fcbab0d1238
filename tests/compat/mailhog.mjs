// Calls every method of the package mailhog against the server in the first argument, where a page with an attachment
// has come, and prints what each gave as JSON.
import createMailHog from "mailhog";

const at = new URL(process.argv[2]);
const mailhog = createMailHog({ host: at.hostname, port: Number(at.port) });
const answers = {};

async function call(name, work) {
  try {
    answers[name] = await work();
  } catch (error) {
    answers[name] = { error: error.message };
  }
  return answers[name];
}

const names = ["ID", "subject", "from", "to", "cc", "replyTo", "text", "html", "date", "deliveryDate"];

function describe(mail) {
  if (!mail) return mail;
  const attachments = mail.attachments.map(({ name, type, encoding, Body }) => ({
    name,
    type,
    text: mailhog.decode(Body, encoding),
  }));
  return { ...Object.fromEntries(names.map((name) => [name, mail[name] ?? null])), attachments };
}

const list = async (work) => {
  const { total, count, start, items } = await work;
  return { total, count, start, items: items.map(describe) };
};
const state = async (work) => (await work).statusCode;

const all = await call("messages", () => list(mailhog.messages()));
await call("messages second", () => list(mailhog.messages(1, 1)));
await call("search", () => list(mailhog.search("invoice")));
await call("search from", () => list(mailhog.search("bounce@shop.example", "from", 1, 1)));
await call("search to", () => list(mailhog.search("HIDDEN@example.org", "to")));
await call("search for nothing", () => list(mailhog.search("nobody-here", "to")));
await call("latestFrom", async () => describe(await mailhog.latestFrom("hello@shop.example")));
await call("latestTo", async () => describe(await mailhog.latestTo("kim@example.org")));
await call("latestTo of nobody", async () => describe(await mailhog.latestTo("nobody@example.org")));
await call("latestContaining", async () => describe(await mailhog.latestContaining("parts")));
await call("releaseMessage", () => mailhog.releaseMessage(all.items[0].ID, { host: "h", port: "25", email: "a@b.c" }));
await call("deleteMessage", () => state(mailhog.deleteMessage(all.items[0].ID)));
await call("messages left", () => list(mailhog.messages()));
await call("deleteAll", () => state(mailhog.deleteAll()));
await call("messages at the end", () => list(mailhog.messages()));
process.stdout.write(JSON.stringify(answers));
