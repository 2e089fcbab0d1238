/**
 * Return when a JSON Web Token expires, or null if it never does. The database verifies it, not we.
 */
export function tokenExpiry(token: string): Date | null {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const { exp } = JSON.parse(atob(payload)) as { exp?: unknown };
    return typeof exp === "number" ? new Date(exp * 1000) : null;
  } catch {
    return null;
  }
}
