import { test } from "./sending.js";

test("this test fails", async ({ mail, mailFactory, send }) => {
  const other = await mailFactory();
  await send({ to: mail.address });
  await send({ to: other.address });
  await mail.waitForMessage({ subject: "Reset", timeout: 100 });
});
