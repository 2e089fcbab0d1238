// An application that sends with nodemailer and a login, and with its default of STARTTLS where that is offered.
import nodemailer from "nodemailer";

const [host, port, to] = process.argv.slice(2);
const transport = nodemailer.createTransport({ host, port: Number(port), auth: { user: "app", pass: "any password" } });
await transport.sendMail({ from: "app@sender.example", to, subject: "nodemailer", text: "Hello." });
transport.close();
