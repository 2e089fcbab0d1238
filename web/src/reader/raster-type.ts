const SIGNATURES: [type: string, offset: number, magic: string][] = [
  ["image/png", 0, "\x89PNG\r\n\x1a\n"],
  ["image/jpeg", 0, "\xff\xd8\xff"],
  ["image/gif", 0, "GIF8"],
  ["image/webp", 8, "WEBP"],
  ["image/avif", 4, "ftypavif"],
  ["image/bmp", 0, "BM"],
];
const SIGNATURE_BYTES = 16;

/**
 * Return the raster image type that the first octets show, or null.
 *
 * Do not trust the type that a message declares: `image/png` may hold SVG or HTML.
 */
export async function rasterType(content: Blob): Promise<string | null> {
  const octets = await content.slice(0, SIGNATURE_BYTES).arrayBuffer();
  const head = String.fromCharCode(...new Uint8Array(octets));
  const found = SIGNATURES.find(([, offset, magic]) => head.startsWith(magic, offset));
  return found?.[0] ?? null;
}
