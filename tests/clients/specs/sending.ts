import { test as base } from "@edgemail/playwright";
import nodemailer from "nodemailer";

export { expect } from "@edgemail/playwright";

export interface Mail {
  to: string;
  from?: string;
  subject?: string;
  text?: string;
  html?: string;
  cc?: string;
  replyTo?: string;
  headers?: Record<string, string | string[]>;
  attachments?: { filename: string; content: string | Buffer; cid?: string }[];
  envelope?: { from: string; to: string[] };
}

export type Send = (mail: Mail) => Promise<void>;

/** Sends mail as an app does; it is there when the call returns. */
export const test = base.extend<object, { send: Send }>({
  send: [
    async ({ edgemail }, use) => {
      const mailer = nodemailer.createTransport(edgemail.smtpUrl);
      await use(async (mail) => {
        await mailer.sendMail({
          from: "The Shop <hello@shop.example>",
          subject: "Welcome",
          text: "Hi.\n",
          ...mail,
        });
      });
      mailer.close();
    },
    { scope: "worker" },
  ],
});
