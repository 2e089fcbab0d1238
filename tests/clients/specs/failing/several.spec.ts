import { expect, test } from "../sending.js";

test("several codes came", async ({ mail, send }) => {
  await send({ to: mail.address, text: "Your code is 481223.\n\nYour code is 77120943.\n" });
  await mail.code();
});

test("several links came", async ({ mail, send }) => {
  const links = ["a", "b"].map((name) => `<a href="https://shop.example/${name}">Offer ${name}</a>`);
  await send({ to: mail.address, html: links.join("") });
  await mail.link();
});

test("a message has no such link", async ({ mail, send }) => {
  await send({ to: mail.address, html: '<a href="https://shop.example/terms">Terms</a>' });
  (await mail.waitForMessage()).link({ url: "/confirm" });
});

test("a message has no code", async ({ mail, send }) => {
  await send({ to: mail.address, text: "Hello,\n\n\u0007world.\n" });
  (await mail.waitForMessage()).code({ pattern: /\d{6}/ });
});

test("mail came that should not", async ({ mail, send }) => {
  await mail.none({
    after: async () => {
      await send({ to: mail.address, subject: "one" });
      await send({ to: mail.address, subject: "two" });
    },
    subject: "o",
  });
});

test("mail came while the inbox was watched", async ({ mail, send }) => {
  await Promise.all([mail.none({ within: 20_000 }), send({ to: mail.address })]);
});

test("mail was received that should not be", async ({ mail, send }) => {
  await send({ to: mail.address });
  await expect(mail).not.toHaveReceived({ from: "hello@shop.example" });
});
