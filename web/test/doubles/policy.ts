/** A frame policy that allows everything, for tests of the sanitiser alone. */
export function framePolicy(): string {
  return "";
}
