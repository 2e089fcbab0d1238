import assert from "node:assert/strict";
import { test } from "node:test";
import { rowsOf } from "../../src/database/hrana-batch.ts";
import { decodeMessage, encodeMessage } from "../../src/database/hrana-protobuf.ts";
import { numberField, octetsField } from "../../src/database/protobuf.ts";

/** Numbers as a server writes them: small negative ones are short, too. */
const signed = (value: number) => numberField(2, value < 0 ? -2 * value - 1 : 2 * value);
const NULL = octetsField(1, []);

const double = (value: number) => {
  const octets = new Uint8Array(8);
  new DataView(octets.buffer).setFloat64(0, value, true);
  return [3 * 8 + 1, ...octets];
};

/** Return the answer to a batch: of each step its rows of encoded values, or a message of an error. */
function answer(id: number, steps: (number[][][] | string)[]): Uint8Array {
  const entries = steps.flatMap((step, number) => {
    const key = number ? numberField(1, number) : []; // 0 is left out
    if (typeof step === "string") {
      const error = [...octetsField(1, step), ...octetsField(2, "SQLITE_ERROR")];
      return octetsField(2, [...key, ...octetsField(2, error)]);
    }
    const columns = octetsField(1, octetsField(1, "a"));
    const rows = step.flatMap((row) =>
      octetsField(
        2,
        row.flatMap((value) => octetsField(1, value)),
      ),
    );
    const counts = [...numberField(6, 300), ...double(0.25)];
    return octetsField(1, [...key, ...octetsField(2, [...columns, ...rows, ...counts])]);
  });
  const batch = octetsField(5, octetsField(1, entries));
  return Uint8Array.from(octetsField(3, [...(id ? numberField(1, id) : []), ...batch]));
}

test("a question is written in few octets", () => {
  const request = { type: "close_stream", stream_id: 300 } as const;
  const octets = encodeMessage({ type: "request", request_id: 7, request });
  assert.deepEqual([...octets], [0x12, 7, 8, 7, 0x1a, 3, 8, 0xac, 2]);
  assert.deepEqual([...encodeMessage({ type: "hello", jwt: "t" })], [0x0a, 3, 0x0a, 1, 0x74]);
});

test("the largest number is written as it is", () => {
  const stmt = { sql_id: 1, args: [{ type: "integer" as const, value: String(Number.MAX_SAFE_INTEGER) }] };
  const request = { type: "batch" as const, stream_id: 0, batch: { steps: [{ stmt }] } };
  const octets = encodeMessage({ type: "request", request_id: 0, request });
  assert.deepEqual([...octets.slice(-9)], [0x10, 0xfe, ...Array<number>(6).fill(0xff), 0x1f]);
});

test("an answer's values come as they were", () => {
  const values = [
    signed(9007199254740),
    signed(-3),
    double(1.5),
    octetsField(4, "\u2602"),
    octetsField(5, [0, 255]),
  ];
  const decoded = decodeMessage(answer(129, [[[...values, NULL]], []]));
  assert.ok(decoded.type === "response_ok" && decoded.response.result);
  assert.equal(decoded.request_id, 129);
  assert.deepEqual(rowsOf(decoded.response.result), [
    [[9007199254740, -3, 1.5, "\u2602", Uint8Array.of(0, 255), null]],
    [],
  ]);
  assert.deepEqual(decoded.response.result.step_errors, [null, null]);
});

test("a step that failed is told from those that did not", () => {
  const decoded = decodeMessage(answer(0, [[], "no such table"]));
  assert.ok(decoded.type === "response_ok");
  assert.deepEqual(decoded.response.result, {
    step_results: [{ rows: [] }, null],
    step_errors: [null, { message: "no such table", code: "SQLITE_ERROR" }],
  });
});

test("greetings, refusals and errors are told apart", () => {
  assert.deepEqual(decodeMessage(Uint8Array.from(octetsField(1, []))), { type: "hello_ok" });
  assert.deepEqual(decodeMessage(Uint8Array.from(octetsField(2, []))), { type: "hello_error" });
  const error = [...octetsField(1, "too large"), ...octetsField(2, "RESPONSE_TOO_LARGE")];
  const refusal = octetsField(4, [...numberField(1, 5), ...octetsField(2, error)]);
  assert.deepEqual(decodeMessage(Uint8Array.from(refusal)), {
    type: "response_error",
    request_id: 5,
    error: { message: "too large", code: "RESPONSE_TOO_LARGE" },
  });
});

test("octets that are cut, or no message, are an error and not a wrong answer", () => {
  const whole = answer(1, [[[signed(5), octetsField(4, "text")]]]);
  for (let length = 1; length < whole.length; length++)
    assert.throws(() => decodeMessage(whole.slice(0, length)), RangeError);
  for (const octets of [[0x1a, 0xff, 0xff, 0xff], [0x1b], [0x18, 5], [0x1d, 1], Array<number>(40).fill(0xff)])
    assert.throws(() => decodeMessage(Uint8Array.from(octets)), RangeError);
});
