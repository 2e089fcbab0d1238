// Calls every method of mailpit-api against the server in the first argument, and prints what each gave as JSON.
import { MailpitClient } from "mailpit-api";

const mailpit = new MailpitClient(process.argv[2]);
const answers = {};

async function call(name, work) {
  try {
    answers[name] = await work();
  } catch (error) {
    answers[name] = { error: error.message.replace(process.argv[2], "") };
  }
  return answers[name];
}

async function describe(blob) {
  return { type: blob.type, octets: Buffer.from(await blob.arrayBuffer()).toString("base64") };
}

await call("deleteMessages", () => mailpit.deleteMessages());
await call("getMessageSummary of nothing", () => mailpit.getMessageSummary());
const sent = await call("sendMessage", () =>
  mailpit.sendMessage({
    From: { Email: "shop@example.org", Name: "The Shop" },
    To: [{ Email: "kim@example.org", Name: "Kim" }],
    Cc: [{ Email: "cc@example.org" }],
    Bcc: ["hidden@example.org"],
    ReplyTo: [{ Email: "reply@example.org" }],
    Subject: "Your order é",
    Text: "Your code is 123456.\n",
    HTML: '<p>Your <a href="https://shop.example/o">order</a> <img src="cid:logo"></p>',
    Attachments: [
      { Content: "iVBORw0KGgo=", Filename: "logo.png", ContentType: "image/png", ContentID: "logo" },
      { Content: "data:text/plain;base64,bm90ZQ==", Filename: "note.txt", ContentType: "text/plain" },
    ],
    Tags: ["Shop", "order"],
    Headers: { "X-Order": "12" },
  }),
);
const id = sent.ID;
await call("sendMessage to nobody", () => mailpit.sendMessage({ From: { Email: "shop@example.org" }, To: [] }));
await call("sendMessage to no address", () =>
  mailpit.sendMessage({ From: { Email: "shop@example.org" }, To: [{ Email: "kim" }] }),
);
await call("waitForMessage", () => mailpit.waitForMessage({ query: "subject:order" }));
await call("waitForMessages", () => mailpit.waitForMessages({ query: "to:kim@example.org", count: 1, exact: true }));
await call("waitForMessages of all", () => mailpit.waitForMessages());
await call("waitForMessages of none", () => mailpit.waitForMessages({ query: "to:nobody@example.org", count: 0 }));
await call("setReadStatus", () => mailpit.setReadStatus({ IDs: [id], Read: false }));
await call("listMessages", () => mailpit.listMessages());
await call("listMessages behind", () => mailpit.listMessages(1, 10));
await call("setReadStatus by search", () => mailpit.setReadStatus({ Search: "to:kim@example.org", Read: true }));
await call("searchMessages", () => mailpit.searchMessages({ query: 'addressed:"kim@example.org" is:read' }));
await call("searchMessages after a date", () =>
  mailpit.searchMessages({ query: "after:2020-01-01", tz: "America/Chicago", limit: 5 }),
);
await call("setReadStatus of all", () => mailpit.setReadStatus());
const message = await call("getMessageSummary", () => mailpit.getMessageSummary(id));
await call("getMessageSummary of an unknown id", () => mailpit.getMessageSummary("999999"));
await call("getMessageHeaders", () => mailpit.getMessageHeaders(id));
await call("getMessageSource", async () => (await mailpit.getMessageSource(id)).includes("X-Order: 12"));
await call("getMessageAttachment", async () =>
  describe(await mailpit.getMessageAttachment(id, message.Attachments[0].PartID)),
);
await call("getMessageAttachment inline", async () =>
  describe(await mailpit.getMessageAttachment("latest", message.Inline[0].PartID)),
);
await call("getAttachmentThumbnail", async () => {
  const thumbnail = await describe(await mailpit.getAttachmentThumbnail(id, message.Inline[0].PartID));
  return { type: thumbnail.type, isJpeg: thumbnail.octets.startsWith("/9j/") };
});
await call("renderMessageHTML", () => mailpit.renderMessageHTML());
await call("renderMessageText", () => mailpit.renderMessageText(id));
await call("getTags", () => mailpit.getTags());
await call("setTags", () => mailpit.setTags({ IDs: [id], Tags: ["one", "two tags"] }));
await call("renameTag", () => mailpit.renameTag("two tags", "three"));
await call("getTags renamed", () => mailpit.getTags());
await call("searchMessages by tag", async () => (await mailpit.searchMessages({ query: "tag:three" })).messages_count);
await call("deleteTag", () => mailpit.deleteTag("one"));
await call("setTags to none", () => mailpit.setTags({ IDs: [id] }));
await call("getTags of none", () => mailpit.getTags());
await call("getInfo", () => mailpit.getInfo());
await call("getConfiguration", () => mailpit.getConfiguration());
await call("setChaosTriggers", () => mailpit.setChaosTriggers({ Sender: { ErrorCode: 452, Probability: 30 } }));
await call("getChaosTriggers", () => mailpit.getChaosTriggers());
await call("setChaosTriggers beyond", () => mailpit.setChaosTriggers({ Sender: { ErrorCode: 200, Probability: 30 } }));
await call("setChaosTriggers to none", () => mailpit.setChaosTriggers());
await call("releaseMessage", () => mailpit.releaseMessage(id, ["kim@example.org"]));
await call("htmlCheck", () => mailpit.htmlCheck(id));
await call("linkCheck", () => mailpit.linkCheck(id));
await call("spamAssassinCheck", () => mailpit.spamAssassinCheck(id));
await call("deleteMessages by id", () => mailpit.deleteMessages({ IDs: ["999999"] }));
await call("deleteMessagesBySearch", () => mailpit.deleteMessagesBySearch({ query: "from:shop@example.org" }));
await call("listMessages of none", () => mailpit.listMessages());
process.stdout.write(JSON.stringify(answers));
