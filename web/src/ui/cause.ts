/** Return why something failed, for the reader. */
export function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
