import { expect, test } from "./sending.js";

const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

test("HTML is shown with its images, and its scripts do not run", async ({ page, mail, send }) => {
  await send({
    to: mail.address,
    html: '<h1>Hello</h1><img src="cid:logo" alt="Logo"><script>document.body.textContent = "ran"</script>',
    attachments: [
      {
        filename: "logo.png",
        cid: "logo",
        content: Buffer.from(PIXEL, "base64"),
      },
    ],
  });
  await (await mail.waitForMessage()).open(page);
  await expect(page.getByRole("heading", { name: "Hello" })).toBeVisible();
  const width = await page.getByAltText("Logo").evaluate((image) => (image as HTMLImageElement).naturalWidth);
  expect(width).toBe(1);
});

test("text is shown where there is no HTML", async ({ page, mail, send }) => {
  await send({ to: mail.address, text: "Is 1 < 2 & 3?\n" });
  await (await mail.waitForMessage()).open(page);
  await expect(page.getByText("Is 1 < 2 & 3?")).toBeVisible();
});

for (const kind of ["html", "text"]) {
  test(`a server that does not show mail is done without: ${kind}`, async ({ page, mail, send }) => {
    await page.route("**/view/**", (route) => route.fulfill({ status: 404, body: "no" }));
    const script = "<script>document.body.textContent = 'ran'</script>";
    const text = "Is 1 < 2 & 3?";
    await send({
      to: mail.address,
      ...(kind === "html" ? { html: `<p>Is 1 &lt; 2 &amp; 3?</p>${script}` } : { text }),
    });
    await (await mail.waitForMessage()).open(page);
    await expect(page.getByText(text)).toBeVisible();
  });
}
