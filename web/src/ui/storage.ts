/** localStorage that a private window or a full disk cannot break: what is not kept is forgotten. */
export function load<T>(key: string, otherwise: T): T {
  try {
    const text = localStorage.getItem(`edgemail.${key}`);
    return text === null ? otherwise : (JSON.parse(text) as T);
  } catch {
    return otherwise;
  }
}

export function save(key: string, value: unknown): void {
  try {
    localStorage.setItem(`edgemail.${key}`, JSON.stringify(value));
  } catch {
    // Full or forbidden. Nothing of what is kept here is worth an error message.
  }
}
