import { test } from "@edgemail/playwright";

delete process.env["EDGEMAIL_URL"];
test.use({ edgemailCommand: ["node", "-e", "console.error('a setting is wrong'); process.exit(78)", "--"] });

test("the server ends at once", async ({ mail }) => {
  await mail.waitForMessage();
});
