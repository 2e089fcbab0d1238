// An application that logs in with nodemailer by one mechanism: HOST PORT TO METHOD NAME PASSWORD. It says why it could not.
import nodemailer from "nodemailer";

const [host, port, to, authMethod, user, pass] = process.argv.slice(2);
const tls = { rejectUnauthorized: false };
const transport = nodemailer.createTransport({ host, port: Number(port), authMethod, auth: { user, pass }, tls });
try {
  await transport.sendMail({ from: "app@sender.example", to, subject: "nodemailer", text: "Hello." });
} catch (error) {
  console.error(error.code, error.responseCode);
  process.exitCode = 1;
}
transport.close();
