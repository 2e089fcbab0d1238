import { test } from "@edgemail/playwright";

test.use({ edgemailUrl: "127.0.0.1:8025" });

test("the URL is none", async ({ mail }) => {
  await mail.waitForMessage();
});
