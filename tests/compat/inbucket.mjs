// Calls every method of inbucket-js-client against the server in the first argument, and prints what each gave as JSON.
import { createRequire } from "node:module";

const { InbucketAPIClient } = createRequire(import.meta.url)("inbucket-js-client");
const inbucket = new InbucketAPIClient(process.argv[2]);
const answers = {};

async function call(name, ...values) {
  try {
    answers[name] = await inbucket[name.split(" ")[0]](...values);
  } catch (error) {
    answers[name] = { error: error.message };
  }
  return answers[name];
}

const [first] = await call("mailbox", "kim");
await call("mailbox of nobody", "nobody");
const message = await call("message", "kim", first.id);
answers.links = await Promise.all(
  message.attachments.map(async (about) => (await fetch(about["download-link"])).text()),
);
await call("message latest", "kim", "latest");
await call("message missing", "kim", "999999");
await call("messageSource", "kim", first.id);
await call("deleteMessage", "kim", first.id);
await call("mailbox left", "kim");
await call("mailbox of another", "hidden");
await call("prugeMailbox", "hidden");
await call("mailbox of another at the end", "hidden");
await call("purgeMailbox", "kim");
await call("mailbox at the end", "kim");
process.stdout.write(JSON.stringify(answers));
