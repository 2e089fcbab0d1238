import { test } from "@edgemail/playwright";

delete process.env["EDGEMAIL_URL"];
test.use({ edgemailCommand: "no-such-program edgemail" });

test("there is no such program", async ({ mail }) => {
  await mail.waitForMessage();
});
