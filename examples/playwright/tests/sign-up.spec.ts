import { expect, test } from "./app.js";

test("the code lets a new customer in", async ({ page, app, mail }) => {
  await page.goto(app);
  await page.getByLabel("E-mail").fill(mail.address);
  await page.getByRole("button", { name: "Sign up" }).click();

  await page.getByLabel("Code").fill(await mail.code());
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page.getByText(`Welcome, ${mail}.`)).toBeVisible();
});

test("the link lets a new customer in", async ({ page, app, mail }) => {
  await page.goto(app);
  await page.getByLabel("E-mail").fill(mail.address);
  await page.getByRole("button", { name: "Sign up" }).click();

  await page.goto(await mail.link());
  await expect(page.getByRole("heading", { name: "You are in" })).toBeVisible();
});

test("the mail can be looked at, and its link clicked", async ({ page, app, mail }) => {
  await page.request.post(`${app}/sign-up`, { form: { email: mail.address } });

  const message = await mail.waitForMessage({
    subject: "confirm",
    from: "hello@shop.example",
  });
  await message.open(page);
  await expect(page.getByRole("heading", { name: "Welcome!" })).toBeVisible();
  await page.getByRole("link", { name: "Confirm my address" }).click();
  await expect(page.getByText(`Welcome, ${mail}.`)).toBeVisible();
});

test("two customers get a code each", async ({ page, app, mail, mailFactory }) => {
  const other = await mailFactory();
  for (const email of [mail.address, other.address]) {
    await page.request.post(`${app}/sign-up`, { form: { email } });
  }
  await expect(mail).toHaveReceived({ subject: "Confirm your address" });
  expect(await mail.code()).not.toBe(await other.code());
});

test("a wrong code sends no second mail", async ({ page, app, mail }) => {
  await page.request.post(`${app}/sign-up`, { form: { email: mail.address } });
  await mail.waitForMessage();

  await mail.none({
    after: () => page.request.get(`${app}/confirm?token=none&code=000000`),
  });
});
