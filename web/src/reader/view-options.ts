/** What a reader has chosen for the HTML of the message that is open. */

export type ColorScheme = "light" | "dark";

export interface ViewOptions {
  /** True if remote images are shown. */
  images: boolean;
  /** The scheme that the message is told its reader prefers. */
  scheme: ColorScheme;
}
