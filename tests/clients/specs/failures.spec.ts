import { Edgemail, type Inbox, type Message } from "@edgemail/playwright";
import { expect, test } from "./sending.js";

test.use({ mailTimeout: 100 });

const HELLO = "from The Shop <hello@shop.example>";

/** Return what a call fails with, with names in place of what differs from run to run. */
async function failureOf(call: () => unknown, mail: Inbox, { url, smtpUrl }: Edgemail): Promise<string> {
  const error = await Promise.resolve()
    .then(call)
    .then(
      () => new Error("it did not fail"),
      (reason: Error) => reason,
    );
  return error.message
    .replaceAll(mail.address.split("@")[0]!, "OWN")
    .replaceAll(url, "URL")
    .replaceAll(smtpUrl, "SMTP")
    .replace(/#\d+ (\d\d:\d\d:\d\d\.\d{3}) /g, "#N TIME ")
    .replace(/#\d+ to /g, "#N to ");
}

test("nothing came", async ({ mail, edgemail }) => {
  const missing = (what: string) =>
    `No mail to OWN@example.com${what} within 0.1 s.\nPage: URL/#/OWN@example.com\n` +
    "Hint: no mail has come to this server since the test began. It takes mail at SMTP: the app must send there.";
  expect(await failureOf(() => mail.waitForMessage(), mail, edgemail)).toBe(missing(""));
  expect(await failureOf(() => mail.code({ subject: "Reset" }), mail, edgemail)).toBe(
    missing(' with subject "Reset" with a code'),
  );
  function isLong({ text }: Message) {
    return text.length > 9;
  }
  const received = () => expect(mail).toHaveReceived({ from: /kim/, where: isLong });
  expect(await failureOf(received, mail, edgemail)).toBe(missing(" from who matches /kim/ where isLong"));
});

test("something else came", async ({ mail, edgemail, send }) => {
  await send({
    to: mail.address,
    subject: "Welcome to\r\n the shop",
    html: '<a href="https://shop.example/a">Terms</a>',
  });
  await send({ to: mail.address.replace("example.com", "exmaple.com") });
  await send({ to: "t-gw0-000000-00000000@example.com" });
  await mail.waitForMessage({ subject: "Welcome" });
  const missing = (what: string, listed: string) => `\
No mail to OWN@example.com${what} s.
1 other came to this address:
  #N TIME  Welcome to the shop   ${HELLO}${listed}
Meanwhile 1 came to others: #N to OWN@exmaple.com
Page: URL/#/OWN@example.com`;
  const reset = () =>
    mail.waitForMessage({
      subject: "Reset",
      from: "kim@shop.example",
      timeout: 50,
    });
  expect(await failureOf(reset, mail, edgemail)).toBe(
    missing(' with subject "Reset" from kim@shop.example within 0.05', "   (returned before)"),
  );
  expect(await failureOf(() => mail.link({ url: "/confirm", text: "Confirm" }), mail, edgemail)).toBe(
    missing(' with a link with "/confirm" whose text has "Confirm" within 0.1', "   (returned before)"),
  );
});

test("mail was refused", async ({ mail, edgemail, send }) => {
  const rule = { stage: "rcpt", code: 550, times: 1, glob: mail.address };
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ rules: [rule] });
  const set = await fetch(`${edgemail.url}/api/chaos`, { method: "PUT", headers, body });
  expect(set.status).toBe(200);
  const to = [mail.address, "kim@example.com"];
  await expect(send({ to: to.join(), envelope: { from: "a@shop.example", to } })).resolves.toBeUndefined();
  expect(await failureOf(() => mail.waitForMessage(), mail, edgemail)).toBe(
    "No mail to OWN@example.com within 0.1 s.\nMeanwhile 1 came to others: #N to kim@example.com\n" +
      "Refused: 1 (550 chaos)   Page: URL/#/OWN@example.com",
  );
});

test("a message has several, or none", async ({ mail, edgemail, send }) => {
  await send({
    to: mail.address,
    text: "Your code is 481223.\n\nYour code is\u0007 77120943.\n",
    html: '<a href="https://shop.example/a">Offer a</a><a href="https://shop.example/b">Offer b</a>',
  });
  const message = await mail.waitForMessage();
  for (const [call, text] of [
    [() => message.code(), "Several codes in MESSAGE:\n  481223  next to “code”\n  77120943  next to “code”"],
    [
      () => message.code({ pattern: /[A-Z]{9}/ }),
      "No code that matches /[A-Z]{9}/ in MESSAGE.\nIt says: Your code is 481223. Your code is 77120943.",
    ],
    [
      () => message.link({ text: "offer" }),
      'Several links whose text has "offer" in MESSAGE:\n' +
        '  https://shop.example/a  "Offer a"\n  https://shop.example/b  "Offer b"',
    ],
    [
      () => message.link({ url: /confirm$/ }),
      "No link that matches /confirm$/ in MESSAGE.\nIt has:\n" +
        '  https://shop.example/a  "Offer a"\n  https://shop.example/b  "Offer b"',
    ],
  ] as const) {
    expect(await failureOf(call, mail, edgemail)).toBe(
      text.replace("MESSAGE", `#N TIME  Welcome   ${HELLO}`),
    );
  }
});

test("mail came that should not", async ({ mail, edgemail, send }) => {
  const one = "A mail came to OWN@example.com, and none should:\n";
  const page = "\nPage: URL/#/OWN@example.com";
  const whileWatched = () =>
    Promise.all([mail.none({ within: 20_000 }), send({ to: mail.address, subject: "one" })]);
  expect(await failureOf(whileWatched, mail, edgemail)).toBe(`${one}  #N TIME  one   ${HELLO}${page}`);
  const afterwards = () =>
    mail.none({
      after: () => send({ to: mail.address, subject: "two" }),
      subject: "o",
    });
  expect(await failureOf(afterwards, mail, edgemail)).toBe(
    `2 mails came to OWN@example.com with subject "o", and none should:\n` +
      `  #N TIME  one   ${HELLO}\n  #N TIME  two   ${HELLO}${page}`,
  );
  const unwanted = () => expect(mail).not.toHaveReceived({ subject: "one" });
  expect(await failureOf(unwanted, mail, edgemail)).toBe(
    `${one.replace(",", ' with subject "one",')}  #N TIME  one   ${HELLO}${page}`,
  );
});

test("there is no server", async ({ mail, edgemail }) => {
  const closed = process.env["CLOSED_URL"]!;
  const help =
    "Install uv, which brings uvx, or name another command by edgemailCommand, such as 'python3 -m edgemail'. " +
    "Or join a server that runs: edgemailUrl or EDGEMAIL_URL.";
  const ending = ["node", "-e", "console.error('a setting is wrong'); process.exit(78)", "--"];
  for (const [call, text] of [
    [
      () => Edgemail.join(closed.replace("//", "//kim:secret@"), ""),
      `No edgemail at ${closed} (connection refused). Start it, or leave edgemailUrl and EDGEMAIL_URL out: ` +
        "the fixture starts one.",
    ],
    [
      () => Edgemail.join("127.0.0.1:8025", ""),
      '"127.0.0.1:8025" is no URL of an edgemail: write it like http://127.0.0.1:8025',
    ],
    [
      () => Edgemail.start("no-such-program edgemail"),
      `Cannot start edgemail: there is no program "no-such-program". ${help}`,
    ],
    [
      () => Edgemail.start(ending),
      `Cannot start edgemail: \`${ending.join(" ")}\` has ended with status 78:\na setting is wrong\n${help}`,
    ],
  ] as const) {
    expect(await failureOf(call, mail, edgemail)).toBe(text);
  }
});
