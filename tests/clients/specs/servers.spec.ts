import { execFile } from "node:child_process";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { Edgemail, Inbox } from "@edgemail/playwright";
import { expect, test } from "@playwright/test";

test("a server that is joined says its domain and where it takes mail", async () => {
  const asked: IncomingMessage[] = [];
  let smtp = ["0.0.0.0:1025", "[::]:1025"];
  const stub = createServer((request, response) => {
    asked.push(request);
    response.end(JSON.stringify({ domains: ["mail.example"], smtp }));
  });
  await new Promise<void>((resolve) => stub.listen(0, "127.0.0.1", resolve));
  const url = `http://kim:s3cret%21@127.0.0.1:${(stub.address() as AddressInfo).port}/mail/`;
  try {
    const server = await Edgemail.join(url, "");
    expect([server.url, server.domain]).toEqual([url.replace(/kim.*@/, "").slice(0, -1), "mail.example"]);
    expect([server.smtpUrl, server.smtp]).toEqual([
      "smtp://127.0.0.1:1025",
      { host: "127.0.0.1", port: 1025 },
    ]);
    expect([asked[0]?.url, asked[0]?.headers.authorization]).toEqual([
      "/mail/api/server",
      `Basic ${Buffer.from("kim:s3cret!").toString("base64")}`,
    ]);
    expect((await Edgemail.join(url, "smtp://[::1]:2525/")).smtp).toEqual({ host: "::1", port: 2525 });
    smtp = [];
    const reader = await Edgemail.join(url, "");
    expect(() => reader.env).toThrow(
      `edgemail at ${server.url} does not say where it takes mail without TLS: ` +
        "set edgemailSmtpUrl or EDGEMAIL_SMTP_URL, such as smtp://127.0.0.1:2525.",
    );
  } finally {
    stub.close();
    stub.closeAllConnections();
  }
});

test("a server ends with the process that started it, however that ends", async () => {
  const program = `
    const { Edgemail } = require("@edgemail/playwright");
    Edgemail.start(process.env.START_EDGEMAIL).then(({ url }) => {
      process.stdout.write(url, () => process.kill(process.pid, "SIGKILL"));
    });`;
  const { stdout: url } = await promisify(execFile)(process.execPath, ["-e", program], {
    cwd: __dirname,
  }).catch((killed: { stdout: string }) => killed);
  expect(url).toMatch(/^http:/);
  await expect.poll(() => fetch(url).catch(() => "closed"), { timeout: 20_000 }).toBe("closed");
});

test("a server that was started and has ended says so", async () => {
  const server = await Edgemail.start(process.env["START_EDGEMAIL"]!);
  const mail = await Inbox.create(server, "kim@example.com", 1_000);
  await server.stop();
  await expect(mail.waitForMessage()).rejects.toThrow(
    /^edgemail does not answer any more at http\S+ \(connection refused\)\. It was started by the fixture\. `.* -m edgemail` has ended (by|with status) /,
  );
});
