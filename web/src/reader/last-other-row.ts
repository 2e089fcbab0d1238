/** Return the index of the last row that is not the same as `row`, or -1. */
export function lastOtherRow(pixels: Uint32Array, row: Uint32Array): number {
  for (let at = pixels.length - 1; at >= 0; at -= 1) {
    if (pixels[at] !== row[at % row.length]) return Math.floor(at / row.length);
  }
  return -1;
}
