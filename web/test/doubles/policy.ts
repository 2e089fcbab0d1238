/** The frame's policy taken down. For tests of the sanitiser alone. */
export function framePolicy(): string {
  return "";
}
