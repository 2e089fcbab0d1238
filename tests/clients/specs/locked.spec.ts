import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Edgemail, Inbox } from "@edgemail/playwright";
import type { TestInfo } from "@playwright/test";
import { expect, test } from "./sending.js";

/** A public server, which opens a locked inbox to its key alone, and lists the mail of all to nobody. */
const PUBLIC_URL = process.env["PUBLIC_URL"]!;

test.use({
  edgemailUrl: PUBLIC_URL,
  edgemailSmtpUrl: process.env["PUBLIC_SMTP_URL"]!,
});

/** Ask for an inbox as a stranger would, with or without a key. */
async function statusOf(address: string, headers: Record<string, string> = {}): Promise<number> {
  const inbox = `${PUBLIC_URL}/api/inboxes/${encodeURIComponent(address)}`;
  return (await fetch(`${inbox}/messages`, { headers })).status;
}

/** Start a server that passes requests on, and notes their URLs and keys. */
async function passOn(asked: { url: string; key: string | undefined }[]): Promise<Server> {
  const server = createServer((request, response) => {
    const { url = "", headers } = request;
    const key = headers["x-inbox-key"]?.toString();
    asked.push({ url, key });
    void fetch(PUBLIC_URL + url, { headers: key ? { "X-Inbox-Key": key } : {} }).then(async (answer) => {
      response.statusCode = answer.status;
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

test("a locked inbox opens to its key alone", async ({ mailFactory }) => {
  const mail = await mailFactory({ locked: true });
  expect(mail.address).toMatch(/^t-w[0-9]+-[0-9a-f]{6}-[0-9a-f]{8}-k[a-z2-7]{16}@example\.org$/);
  expect(mail.key).toMatch(/^[a-z2-7]{25}[aeimquy4]$/);
  expect(await statusOf(mail.address)).toBe(404);
  expect(await statusOf(mail.address, { "X-Inbox-Key": mail.key! })).toBe(200);
  const other = await mailFactory({ locked: true });
  expect(other.key).not.toBe(mail.key);
  expect(await statusOf(mail.address, { "X-Inbox-Key": other.key! })).toBe(404);
});

test("an open inbox has no key", async ({ mail, mailFactory }) => {
  const kim = await mailFactory("kim", { domain: "example.org", locked: false });
  for (const { key, address } of [mail, kim, await mailFactory(undefined, { domain: "example.org" })]) {
    expect(key).toBeUndefined();
    expect(await statusOf(address)).toBe(200);
  }
});

test("a name may be locked, whatever its case and letters", async ({ mailFactory, send }) => {
  for (const name of ["Kim", "kim+news", "müller"]) {
    const mail = await mailFactory(name, { locked: true });
    expect(mail.address.startsWith(`${name.toLowerCase()}-k`)).toBe(true);
    await send({ to: mail.address, subject: name });
    expect((await mail.waitForMessage()).subject).toBe(name);
  }
});

test("each request for a locked inbox has the key, and no URL has it", async ({ mailFactory, send }) => {
  const { address, key } = await mailFactory({ locked: true });
  const asked: { url: string; key: string | undefined }[] = [];
  const between = await passOn(asked);
  try {
    const url = `http://127.0.0.1:${(between.address() as AddressInfo).port}`;
    const mail = await Inbox.create(await Edgemail.join(url, "smtp://unused"), address, 10_000, key);
    const attachments = [{ filename: "a.txt", content: "A file." }];
    await send({ to: address, text: "Your code is 481223.\n", attachments });
    expect(await mail.code()).toBe("481223");
    const [message] = await mail.messages();
    expect((await message!.raw()).toString()).toContain("Your code is 481223.");
    expect((await message!.attachments[0]!.content()).toString()).toBe("A file.");
    await mail.none({ within: 1 });
    await expect(mail).toHaveReceived({ subject: "Welcome" });
    const attached: string[] = [];
    const attach = async (name: string) => void attached.push(name);
    await mail.attachTo({ attach } as unknown as TestInfo);
    expect(attached).toEqual([`mail-${message!.id}.eml`]);
    await expect(mail.waitForMessage({ subject: "Reset", timeout: 1 })).rejects.toThrow(
      /1 other came to this address:\n {2}#\d+ \S+ {2}Welcome /,
    );
  } finally {
    between.close();
    between.closeAllConnections();
  }
  const inbox = `/api/inboxes/${encodeURIComponent(address)}/`;
  const ofInbox = asked.filter((request) => request.url.startsWith(inbox));
  const kinds = ofInbox.map((request) => /^(?:\/[a-z]+)+/.exec(request.url.slice(inbox.length - 1))?.[0]);
  expect([...new Set(kinds)].sort()).toEqual(["/messages", "/wait"]);
  expect(ofInbox.some((request) => request.url.endsWith("/raw"))).toBe(true);
  expect(ofInbox.some((request) => request.url.endsWith("/attachments/0"))).toBe(true);
  expect(ofInbox.filter((request) => request.key !== key)).toEqual([]);
  expect(asked.filter((request) => request.url.includes(key!))).toEqual([]);
  // What asks for no inbox needs no key.
  const others = asked.filter((request) => !request.url.startsWith(inbox));
  expect(others.filter((request) => request.key !== undefined)).toEqual([]);
});

test("a browser shows a locked message, and the page its inbox", async ({ mailFactory, send, page }) => {
  const mail = await mailFactory({ locked: true });
  await send({ to: mail.address, subject: "A locked letter", html: "<h1>Hello Kim</h1>" });
  const requested: string[] = [];
  page.on("request", (request) => requested.push(request.url()));
  await (await mail.waitForMessage()).open(page);
  await expect(page.getByRole("heading", { name: "Hello Kim" })).toBeVisible();
  await page.goto(mail.pageUrl);
  await expect(page.getByText("A locked letter").first()).toBeVisible();
  expect(new URL(mail.pageUrl).hash).toContain(mail.key!);
  expect(requested.filter((url) => url.replace(/#.*/, "").includes(mail.key!))).toEqual([]);
});
