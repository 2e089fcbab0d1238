// A small shop: whoever signs up gets a code and a link by mail, and is welcome with either.
//
//   SMTP_URL=smtp://127.0.0.1:2525 node app.mjs [PORT]
import { randomBytes, randomInt } from "node:crypto";
import { createServer } from "node:http";
import { createTransport } from "nodemailer";

const mailer = createTransport(process.env.SMTP_URL);
const signedUp = new Map(); // by token
let origin = "";

const page = (body) => `<!doctype html><html lang="en"><title>The shop</title><main>${body}</main></html>`;

const signUpForm = page(`<h1>Sign up</h1>
  <form method="post" action="/sign-up">
    <label>E-mail <input name="email" type="email" required></label>
    <button>Sign up</button>
  </form>`);

const codeForm = (token) =>
  page(`<h1>Look into your mail</h1>
  <form action="/confirm">
    <input type="hidden" name="token" value="${token}">
    <label>Code <input name="code" inputmode="numeric" required></label>
    <button>Confirm</button>
  </form>`);

async function signUp(email) {
  const token = randomBytes(16).toString("hex");
  const code = String(randomInt(100_000, 1_000_000));
  signedUp.set(token, { email, code });
  const link = `${origin}/confirm?token=${token}&code=${code}`;
  await mailer.sendMail({
    from: "The Shop <hello@shop.example>",
    to: email,
    subject: "Confirm your address",
    text: `Welcome! Your code is ${code}.\n\nOr follow this link: ${link}\n`,
    html: `<h1>Welcome!</h1><p>Your code is <b>${code}</b>.</p><p><a href="${link}">Confirm my address</a></p>`,
  });
  return token;
}

function confirm(token, code) {
  const user = signedUp.get(token);
  if (user?.code !== code) return [403, page("<h1>This code is wrong</h1>")];
  return [200, page(`<h1>You are in</h1><p>Welcome, ${escape(user.email)}.</p>`)];
}

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

async function answer(request) {
  const url = new URL(request.url, origin);
  switch (`${request.method} ${url.pathname}`) {
    case "GET /":
      return [200, signUpForm];
    case "POST /sign-up": {
      const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
      return [200, codeForm(await signUp(form.get("email")))];
    }
    case "GET /confirm":
      return confirm(url.searchParams.get("token"), url.searchParams.get("code"));
  }
  return [404, page("<h1>There is no such page</h1>")];
}

const server = createServer(async (request, response) => {
  const [status, body] = await answer(request).catch((error) => [
    500,
    page(`<h1>${escape(String(error))}</h1>`),
  ]);
  response.writeHead(status, { "Content-Type": "text/html; charset=utf-8" }).end(body);
});
server.listen(Number(process.argv[2] ?? 3000), "127.0.0.1", () => {
  origin = `http://127.0.0.1:${server.address().port}`;
  console.log(origin);
});
