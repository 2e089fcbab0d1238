import { expect, test } from "./sending.js";

test("each call gives the oldest message that none gave before", async ({ mail, send }) => {
  for (const subject of ["one", "two", "three"]) await send({ to: mail.address, subject });
  expect((await mail.waitForMessage({ subject: "two" })).subject).toBe("two");
  expect((await mail.waitForMessage()).subject).toBe("one");
  expect((await mail.waitForMessage()).subject).toBe("three");
  expect((await mail.messages()).map(({ subject }) => subject)).toEqual(["one", "two", "three"]);
  await mail.none({ after: () => undefined });
});

test("waits that run at once get a message each", async ({ mail, send }) => {
  const both = Promise.all([mail.waitForMessage(), mail.waitForMessage()]);
  await send({ to: mail.address, subject: "one" });
  await send({ to: mail.address, subject: "two" });
  expect((await both).map(({ subject }) => subject).sort()).toEqual(["one", "two"]);
});

test("a wait is one request for each message that comes, however long it takes", async ({ mail, send }) => {
  const asked: string[] = [];
  const { fetch } = globalThis;
  globalThis.fetch = (url, init) => {
    asked.push(String(url).replace(/.*\//, "").replace(/[?].*/, ""));
    return fetch(url, init);
  };
  try {
    const waiting = mail.waitForMessage({ timeout: 20_000 });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await send({ to: mail.address });
    const { id } = await waiting;
    expect(asked.map((path) => path.replace(String(id), "ID"))).toEqual(["wait", "ID"]);
  } finally {
    globalThis.fetch = fetch;
  }
});

test("a message fits by its subject, its sender and whatever else", async ({ mail, send }) => {
  await send({
    to: mail.address,
    subject: "Reset your PASSWORD",
    from: "Kim <Kim@Shop.example>",
  });
  const times = /password/gi;
  for (const match of [
    { subject: "your password" },
    { subject: times },
    { subject: times },
    { from: "kim@shop.example" },
    { from: /^Kim </ },
    { where: ({ text }: { text: string }) => text.includes("Hi.") },
  ]) {
    await expect(mail).toHaveReceived(match);
  }
  for (const match of [
    { subject: "reset", from: "shop.example" },
    { subject: /^your/i },
    { where: () => false },
  ]) {
    await expect(mail).not.toHaveReceived({ ...match, timeout: 0 });
  }
});

test("the sender of the envelope is one, too", async ({ mail, send }) => {
  await send({
    to: mail.address,
    envelope: { from: "bounce@shop.example", to: [mail.address] },
  });
  const message = await mail.waitForMessage({ from: "bounce@shop.example" });
  expect([message.envelopeFrom, message.from.address]).toEqual(["bounce@shop.example", "hello@shop.example"]);
});

test("what is expected stays to be waited for", async ({ mail, send }) => {
  await send({ to: mail.address, text: "Your code is 481223.\n" });
  await expect(mail).toHaveReceived();
  expect(await mail.code()).toBe("481223");
  await expect(mail).toHaveReceived({ subject: "Welcome" });
});

test("a code and a link are waited for, past mail without", async ({ mail, send }) => {
  await send({ to: mail.address, subject: "Neither", text: "Hello.\n" });
  const code = mail.code();
  const link = mail.link();
  const url = "https://shop.example/confirm?token=8f3a2c";
  await send({
    to: mail.address,
    subject: "Confirm",
    html: `<a href="${url}">Confirm your address</a>`,
  });
  await send({
    to: mail.address,
    subject: "Your code",
    text: "Your code is 903112.\n",
  });
  expect([await code, await link]).toEqual(["903112", url]);
  expect((await mail.waitForMessage()).subject).toBe("Neither");
});

test("what others get does not count", async ({ mail, mailFactory, send }) => {
  const other = await mailFactory();
  await mail.none({ after: () => send({ to: other.address }) });
  await mail.none({ within: 50 });
  await other.waitForMessage();
});
