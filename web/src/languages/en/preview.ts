/** The tools above a message's HTML. */
export const english = {
  title: "Preview",
  width: "Width",
  full: "Full",
  fullWidth: "Full width",
  pixels: (width: number) => `${width} pixels wide`,
  dark: "Dark",
  darkWhy:
    "Show what a mail program in dark mode shows: the message's own rules for dark mode, on a dark page. Colors that some programs change by themselves stay as they are.",
  images: "Images",
  imagesWhy: "Show remote images. Loading them tells the sender that you read this.",
  zoom: "Zoom",
  picture: "PNG",
  savePicture: "Save as PNG",
  pictureWhy: "Save a picture of the message as it is shown, without remote images.",
  drawing: "Drawing the picture…",
  saved: (size: string) => `Saved as a picture of ${size} pixels.`,
  cut: (height: number) => `The message is longer than the picture, which ends after ${height} pixels.`,
  withoutRemote: "Remote images are not in it: a page cannot read them.",
  failed: "This browser cannot make a picture of this message.",
};

export type PreviewWords = typeof english;
