import { expect, test } from "./sending.js";

test("a message has what was sent", async ({ mail, mailFactory, send }) => {
  const copy = await mailFactory();
  const hidden = await mailFactory();
  await send({
    to: `Kim Müller <${mail}>`,
    cc: copy.address,
    replyTo: "reply@shop.example",
    subject: "Grüße, 世界",
    text: "Hello.\n",
    html: "<p>Hello.</p>",
    headers: { "X-Order": ["12", "13"] },
    attachments: [{ filename: "terms.txt", content: "none\n" }],
    envelope: {
      from: "bounce@shop.example",
      to: [mail.address, copy.address, hidden.address],
    },
  });
  const message = await mail.waitForMessage();
  expect(message.subject).toBe("Grüße, 世界");
  expect(message.from).toEqual({
    name: "The Shop",
    address: "hello@shop.example",
  });
  expect(message.to).toEqual([{ name: "Kim Müller", address: mail.address }]);
  expect(message.cc).toEqual([{ name: "", address: copy.address }]);
  expect(message.replyTo).toEqual([{ name: "", address: "reply@shop.example" }]);
  expect([message.text, message.html]).toEqual(["Hello.\r\n", "<p>Hello.</p>"]);
  expect([message.header("x-order"), message.headers("X-Order")]).toEqual(["12", ["12", "13"]]);
  expect(message.header("x-none")).toBeUndefined();
  expect(Math.abs(message.date.getTime() - Date.now())).toBeLessThan(600_000);
  expect(message.attachments.map(({ name, type, size }) => [name, type, size])).toEqual([
    ["terms.txt", "text/plain", 5],
  ]);
  expect(String(await message.attachments[0]!.content())).toBe("none\n");
  expect(String(await message.raw())).toMatch(/^Return-Path: <bounce@shop.example>\r\n/);
  expect((await hidden.waitForMessage()).id).toBe(message.id);
});

test("a code or a link is told from others by what it looks like", async ({ mail, send }) => {
  await send({
    to: mail.address,
    subject: "Booking ABC-481",
    text: "Your code is 481223.\n\nYour code is 77120943.\n",
    html: '<a href="https://shop.example/a">Terms</a><a href="https://shop.example/b">Offers</a>',
  });
  const message = await mail.waitForMessage();
  expect(message.code({ pattern: /\b\d{8}\b/ })).toBe("77120943");
  expect(message.code({ pattern: /(?:\d{8})?/ })).toBe("77120943");
  expect(message.code({ pattern: /booking ([A-Z]+-\d+)/i })).toBe("ABC-481");
  expect(message.link({ text: "terms" })).toBe("https://shop.example/a");
  expect(message.link({ url: "/b" })).toBe("https://shop.example/b");
  expect(message.link({ url: /b$/, text: /^Off/ })).toBe("https://shop.example/b");
});

test("the only link is the link, also if it confirms nothing", async ({ mail, send }) => {
  await send({
    to: mail.address,
    html: '<a href="https://shop.example/terms">Terms</a>',
  });
  expect(await mail.link()).toBe("https://shop.example/terms");
});
