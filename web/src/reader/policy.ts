/**
 * Return the Content-Security-Policy of the frame that shows a message's HTML.
 *
 * It stands first in the frame, before any of the sender's HTML. A test with the sanitiser off
 * shows that it lets no request out.
 */
export function framePolicy(images: boolean): string {
  const sources = images ? "data: https:" : "data:";
  const policy = [
    "default-src 'none'",
    `img-src ${sources}`,
    "style-src 'unsafe-inline'",
    "font-src data:",
    "form-action 'none'",
    "base-uri 'none'",
  ].join("; ");
  return `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
}
