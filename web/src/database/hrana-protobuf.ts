/**
 * Hrana's messages as Protocol Buffers, from and to the shape that they have in JSON.
 *
 * A question for new mail and its answer have a sixth of the octets of JSON, a listing has half.
 */
import type {
  ClientMessage,
  HranaBatch,
  HranaRequest,
  ServerMessage,
  SqlBatch,
  SqlError,
} from "./hrana-message.ts";
import { numberField, octetsField, readFields, signedOf, textOf } from "./protobuf.ts";

type HranaRow = Record<string, unknown>[];

export function encodeMessage(message: ClientMessage): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    message.type === "hello"
      ? octetsField(1, octetsField(1, message.jwt))
      : octetsField(2, [...numberField(1, message.request_id), ...encodeRequest(message.request)]),
  );
}

function encodeRequest(request: HranaRequest): number[] {
  if (request.type === "store_sql") {
    return octetsField(11, [...numberField(1, request.sql_id), ...octetsField(2, request.sql)]);
  }
  const stream = numberField(1, request.stream_id);
  if (request.type === "batch")
    return octetsField(5, [...stream, ...octetsField(2, encodeBatch(request.batch))]);
  return octetsField(request.type === "open_stream" ? 2 : 3, stream);
}

function encodeBatch({ steps }: SqlBatch): number[] {
  return steps.flatMap(({ stmt }) => {
    const text = "sql" in stmt ? octetsField(1, stmt.sql) : numberField(2, stmt.sql_id);
    const args = stmt.args.flatMap(({ type, value }) =>
      // Signed numbers are written as twice their value.
      octetsField(3, type === "text" ? octetsField(4, value) : numberField(2, Number(value) * 2)),
    );
    return octetsField(1, octetsField(2, [...text, ...args]));
  });
}

/** Throws a `RangeError` if the octets are not a message. */
export function decodeMessage(octets: Uint8Array): ServerMessage {
  let decoded: ServerMessage = { type: "hello_error" };
  readFields(octets, (kind, message) => {
    if (kind === 1) decoded = { type: "hello_ok" };
    if (kind !== 3 && kind !== 4) return;
    const response: { result?: HranaBatch } = {};
    let request_id = 0;
    let error: SqlError = { message: "" };
    readFields(message, (field, value) => {
      if (field === 1) request_id = Number(value);
      else if (kind === 4) error = decodeError(value as Uint8Array);
      else if (field === 5)
        readFields(value, (_, result) => (response.result = decodeBatch(result as Uint8Array)));
    });
    decoded =
      kind === 3
        ? { type: "response_ok", request_id, response }
        : { type: "response_error", request_id, error };
  });
  return decoded;
}

function decodeError(message: Uint8Array): SqlError {
  const error: SqlError = { message: "" };
  readFields(message, (field, value) => (error[field === 2 ? "code" : "message"] = textOf(value)));
  return error;
}

function decodeBatch(message: Uint8Array): HranaBatch {
  const batch: HranaBatch = { step_results: [], step_errors: [] };
  readFields(message, (field, entry) => {
    let step = 0;
    let value: Uint8Array = new Uint8Array();
    readFields(entry, (at, part) => {
      if (at === 1) step = Number(part);
      else value = part as Uint8Array;
    });
    batch.step_results[step] = field === 1 ? { rows: decodeRows(value) } : null;
    batch.step_errors[step] = field === 2 ? decodeError(value) : null;
  });
  return batch;
}

function decodeRows(result: Uint8Array): HranaRow[] {
  const rows: HranaRow[] = [];
  readFields(result, (field, message) => {
    if (field !== 2) return; // names of columns, counts
    const row: HranaRow = [];
    readFields(message, (_, value) => row.push(decodeValue(value as Uint8Array)));
    rows.push(row);
  });
  return rows;
}

function decodeValue(message: Uint8Array): Record<string, unknown> {
  let decoded: Record<string, unknown> = { type: "null" };
  readFields(message, (kind, value) => {
    if (kind === 2) decoded = { type: "integer", value: signedOf(value) };
    else if (kind === 3) decoded = { type: "float", value };
    else if (kind === 4) decoded = { type: "text", value: textOf(value) };
    else if (kind === 5) decoded = { type: "blob", octets: (value as Uint8Array).slice() };
  });
  return decoded;
}
