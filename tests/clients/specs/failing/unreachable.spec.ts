import { test } from "@edgemail/playwright";

test.use({ edgemailUrl: process.env["CLOSED_URL"]! });

test("no server answers", async ({ mail }) => {
  await mail.waitForMessage();
});
