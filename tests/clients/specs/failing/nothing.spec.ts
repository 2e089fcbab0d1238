import { expect, test } from "../sending.js";

test.use({ mailTimeout: 100 });

test("nothing came", async ({ mail }) => {
  await mail.waitForMessage();
});

test("something else came", async ({ mail, send }) => {
  await send({ to: mail.address, subject: "Welcome to\r\n the shop" });
  await send({ to: mail.address.replace("example.com", "exmaple.com") });
  await send({ to: "t-gw0-000000-00000000@example.com" });
  await mail.waitForMessage({ subject: "Welcome" });
  await mail.waitForMessage({ subject: "Reset", from: "kim@shop.example" });
});

test("no code came", async ({ mail, send }) => {
  await send({ to: mail.address });
  await mail.code({ subject: /hello/i });
});

test("no such link came", async ({ mail, send }) => {
  await send({ to: mail.address, html: '<a href="https://shop.example/terms">Terms</a>' });
  await mail.link({ url: "/confirm", text: "Confirm", timeout: 50 });
});

test("no mail was received", async ({ mail }) => {
  await expect(mail).toHaveReceived({ subject: "Reset", where: function isLong({ text }) { return text.length > 9; } });
});
