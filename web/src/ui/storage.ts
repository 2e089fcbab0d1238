/**
 * Read a value from localStorage. Return `fallback` if there is none, or if storage is not allowed.
 */
export function load<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(`edgemail.${key}`);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

/** Keep a value in localStorage. Do nothing if storage is full or not allowed. */
export function save(key: string, value: unknown): void {
  try {
    localStorage.setItem(`edgemail.${key}`, JSON.stringify(value));
  } catch {
    // Nothing that is kept here is worth an error message.
  }
}
