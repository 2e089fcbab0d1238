// Sends what a manifest names with nodemailer, over one connection for each line of it that says so.
import { readFileSync } from "node:fs";
import SMTPConnection from "nodemailer/lib/smtp-connection";

const { port, secure, starttls, mail } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const connection = new SMTPConnection({
  host: "127.0.0.1",
  port,
  secure,
  requireTLS: starttls,
  ignoreTLS: !starttls,
  tls: { rejectUnauthorized: false },
});

const done = (start) =>
  new Promise((resolve, reject) => start((error, info) => (error ? reject(error) : resolve(info))));

connection.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
await done((callback) => connection.connect(callback));
for (const { path, from, to } of mail) {
  const info = await done((callback) => connection.send({ from, to, use8BitMime: true }, readFileSync(path), callback));
  if (info.rejected.length) throw new Error(`${path}: ${info.rejected}`);
}
connection.quit();
