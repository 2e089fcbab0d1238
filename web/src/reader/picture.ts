/**
 * Draws a message's HTML as a picture.
 *
 * The document becomes part of an SVG, and that an image: in an image a browser runs no script and
 * fetches nothing, whatever is in it. The image has a `data:` URL, as Chromium lets no page read
 * what it drew of a `blob:` one. Where a browser lets none be read, no picture can be made.
 */
import { baseStyle, MARGIN_PX, PAPER } from "./frame-document.ts";
import { lastOtherRow } from "./last-other-row.ts";
import type { SanitisedHtml } from "./sanitise.ts";
import { frameHtml } from "./trusted-types.ts";
import type { ColorScheme } from "./view-options.ts";

const MAX_WIDTH_PX = 1_600;
const MAX_HEIGHT_PX = 10_000;
/** Safari has no larger canvas. */
const MAX_PIXELS = 16_000_000;
const MAX_SCALE = 2;
/** Of the document: most of it is inline images, of which it has 8 MB at most. */
const MAX_CHARS = 16_000_000;
/** How many rows are looked at together for the end of the message. */
const STRIP_PX = 250;
const OPAQUE = 255;
/** What HTML may have and XML may not. */
const NOT_XML =
  /[\0-\x08\v\f\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

interface Picture {
  png: Blob;
  /** In pixels of the picture. */
  width: number;
  height: number;
  /** True if the message is longer. */
  isCut: boolean;
}

/**
 * Draw a message as it looks at a width in CSS pixels, at `scale` pixels for each.
 *
 * It is drawn twice, as nothing tells the page how high it is: first on the longest sheet, to see
 * where it ends, then as long as it is.
 */
export async function drawPicture(
  clean: SanitisedHtml,
  scheme: ColorScheme,
  width: number,
  scale: number,
): Promise<Picture> {
  const size = Math.round(Math.min(Math.max(width, 1), MAX_WIDTH_PX));
  const document = asXhtml(clean);
  if (document.length > MAX_CHARS) throw new RangeError("The message is too large for a picture.");
  const sheet = await draw(document, scheme, size, MAX_HEIGHT_PX, 1);
  const { end, background } = findEnd(sheet, PAPER[scheme].background);
  const isCut = end > MAX_HEIGHT_PX - STRIP_PX;
  const height = isCut ? MAX_HEIGHT_PX : end + MARGIN_PX;
  const fitting = Math.min(Math.max(scale, 1), MAX_SCALE, Math.sqrt(MAX_PIXELS / (size * height)));
  const context = await draw(document, scheme, size, height, fitting);
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = background;
  context.fillRect(0, 0, size, height);
  const { canvas } = context;
  return { png: await encode(canvas), width: canvas.width, height: canvas.height, isCut };
}

/** Write the sanitised HTML as XML. A document that is only parsed runs and fetches nothing. */
function asXhtml({ styles, body }: SanitisedHtml): string {
  const html = `<!doctype html><html><head>${styles}</head>${body}</html>`;
  const parsed = new DOMParser().parseFromString(frameHtml(html), "text/html");
  return new XMLSerializer().serializeToString(parsed.documentElement).replace(NOT_XML, "");
}

async function draw(
  document: string,
  scheme: ColorScheme,
  width: number,
  height: number,
  scale: number,
): Promise<CanvasRenderingContext2D> {
  const style = `${baseStyle("html", scheme)}body{min-height:${height}px!important}`;
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><style>${style}</style>` +
      `<foreignObject width="100%" height="100%">${document}</foreignObject></svg>`,
  )}`;
  await image.decode();
  const canvas = window.document.createElement("canvas");
  canvas.width = Math.floor(width * scale);
  canvas.height = Math.floor(height * scale);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("There is no canvas.");
  context.scale(scale, scale);
  context.drawImage(image, 0, 0, width, height);
  return context;
}

/**
 * Return how many rows a message takes, and the color of its page.
 *
 * Its body is as high as the sheet, so below the message all rows are as the last one. The color of
 * the body is that of the page: in a frame it goes beyond the body's margins.
 */
function findEnd(context: CanvasRenderingContext2D, plain: string): { end: number; background: string } {
  const { width, height } = context.canvas;
  const last = pixelsOf(context, height - 1, 1);
  const [red, green, blue, alpha] = context.getImageData(width >> 1, height - 1, 1, 1).data;
  const background = alpha === OPAQUE ? `rgb(${red} ${green} ${blue})` : plain;
  for (let top = height - STRIP_PX; top >= 0; top -= STRIP_PX) {
    const row = lastOtherRow(pixelsOf(context, top, STRIP_PX), last);
    if (row >= 0) return { end: top + row + 1, background };
  }
  return { end: 0, background };
}

function pixelsOf(context: CanvasRenderingContext2D, top: number, rows: number): Uint32Array {
  return new Uint32Array(context.getImageData(0, top, context.canvas.width, rows).data.buffer);
}

function encode(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) =>
    canvas.toBlob((png) => (png ? resolve(png) : reject(new Error("The picture is too large.")))),
  );
}
