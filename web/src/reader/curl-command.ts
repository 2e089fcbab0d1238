import { isLocked } from "../inbox/address.ts";

/**
 * Return a command line that fetches what the API has at `path` into a file. It works in a POSIX shell, in
 * PowerShell and in Windows's command prompt.
 *
 * It has no secret in it: a password that the page's own address has is left out, and for a locked
 * inbox the word KEY stands where its key belongs.
 */
export function curlCommand(path: string, base: string, file: string): string {
  const url = new URL(path, base);
  url.username = "";
  url.password = "";
  url.hash = "";
  const quoted = url.href.replace(
    /[!'"`$\\]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const key = isLocked(decodeURIComponent(path)) ? ' -H "X-Inbox-Key: KEY"' : "";
  return `curl --fail${key} -o ${file} "${quoted}"`;
}
