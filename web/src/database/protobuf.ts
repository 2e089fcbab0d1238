/** Writes and reads Protocol Buffers: just the kinds of field that Hrana's messages have. */

/** A field's value: a number (varint or double), or octets (text, octets or a message). */
type FieldValue = number | Uint8Array;

const VARINT = 0;
const DOUBLE = 1;
const OCTETS = 2;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Return a message's field that holds text, or other fields. */
export function octetsField(field: number, value: string | number[]): number[] {
  const octets = typeof value === "string" ? [...encoder.encode(value)] : value;
  return [...varint(field * 8 + OCTETS), ...varint(octets.length), ...octets];
}

/** Return a message's field that holds a whole number, not below 0. */
export function numberField(field: number, value: number): number[] {
  return [...varint(field * 8 + VARINT), ...varint(value)];
}

/** Bit operators would cut numbers to 32 bits. */
function varint(value: number): number[] {
  const octets = [];
  for (; value > 127; value = Math.floor(value / 128)) octets.push((value % 128) + 128);
  octets.push(value);
  return octets;
}

export function textOf(value: FieldValue): string {
  return typeof value === "number" ? "" : decoder.decode(value);
}

/** Return a number from the encoding in which small negative numbers are short, too. */
export function signedOf(value: FieldValue): number {
  const number = Number(value);
  return number % 2 ? -(number + 1) / 2 : number / 2;
}

/**
 * Call `visit` with each field of a message, in their order.
 *
 * Throws a `RangeError` if the message ends too early, or has another kind of field.
 */
export function readFields(message: FieldValue, visit: (field: number, value: FieldValue) => void): void {
  if (typeof message === "number") throw new RangeError("a number where a message should be");
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  const readVarint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const octet = view.getUint8(at++);
      value += (octet & 127) * factor;
      if (octet < 128) return value;
    }
  };
  while (at < view.byteLength) {
    const key = readVarint();
    const field = Math.floor(key / 8);
    const kind = key % 8;
    if (kind === VARINT) visit(field, readVarint());
    else if (kind === DOUBLE) {
      visit(field, view.getFloat64(at, true));
      at += 8;
    } else if (kind === OCTETS) {
      const length = readVarint();
      if (at + length > view.byteLength) throw new RangeError("a field ends after its message");
      visit(field, message.subarray(at, at + length));
      at += length;
    } else throw new RangeError(`a field of the kind ${kind}`);
  }
}
