import { expect, test } from "./sending.js";

test("an address is the test's own, of letters, digits and hyphens", async ({ mail, mailFactory }) => {
  const other = await mailFactory();
  for (const { address } of [mail, other]) {
    expect(address).toMatch(/^t-w[0-9]+-[0-9a-f]{6}-[0-9a-f]{8}@example\.com$/);
  }
  expect(other.address).not.toBe(mail.address);
  expect(`${mail}`).toBe(mail.address);
});

test("old mail to a name that a test chooses does not count", async ({ mailFactory, send }) => {
  await send({ to: "kim@example.org", subject: "old" });
  const kim = await mailFactory("kim", { domain: "example.org" });
  expect(await kim.messages()).toEqual([]);
  await send({ to: "Kim@Example.org", subject: "new" });
  expect((await kim.waitForMessage()).subject).toBe("new");
});

test("an app finds its mail server by the names that it knows", async ({ edgemail }) => {
  const { host, port } = edgemail.smtp;
  expect(edgemail.smtpUrl).toBe(`smtp://${host}:${port}`);
  expect(edgemail.env).toMatchObject({
    SMTP_HOST: host,
    SMTP_PORT: String(port),
    MAILER_DSN: edgemail.smtpUrl,
    EDGEMAIL_URL: `${edgemail.url}/`,
  });
});
