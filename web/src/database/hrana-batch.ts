/** Batches of queries and their answers, as Hrana writes them in JSON. */
import type { HranaBatch, SqlArgument, SqlBatch, SqlError, SqlText } from "./hrana-message.ts";

type SqlValue = string | number | Uint8Array | null;
export type SqlRow = SqlValue[];

export interface Step {
  sql: string;
  args?: (string | number)[];
}

export type Result =
  { type: "ok"; response: { result: HranaBatch } } | { type: string; error: SqlError; response?: undefined };

/** Return the batch of some steps. `sqlOf` may name a statement that the server has stored. */
export function batchOf(steps: Step[], sqlOf: (sql: string) => SqlText = (sql) => ({ sql })): SqlBatch {
  return {
    steps: steps.map(({ sql, args = [] }) => ({ stmt: { ...sqlOf(sql), args: args.map(writeValue) } })),
  };
}

export function rowsOf(batch: HranaBatch): SqlRow[][] {
  return batch.step_results.map((step) => step?.rows.map((row) => row.map(readValue)) ?? []);
}

/** Return true if an answer would have been larger than the server allows. */
export function isTooLarge({ code = "" }: SqlError): boolean {
  return code === "RESPONSE_TOO_LARGE" || code === "SQLITE_TOOBIG";
}

function writeValue(value: string | number): SqlArgument {
  return typeof value === "number" ? { type: "integer", value: String(value) } : { type: "text", value };
}

/** A blob is in base64 in JSON, and octets in Protocol Buffers. */
function readValue({ type, value, base64, octets }: Record<string, unknown>): SqlValue {
  if (type === "integer" || type === "float") return Number(value);
  if (type === "text") return String(value);
  if (type !== "blob") return null;
  return octets instanceof Uint8Array ? octets : readBase64(String(base64));
}

function readBase64(text: string): Uint8Array {
  const binary = atob(text);
  const octets = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) octets[at] = binary.charCodeAt(at);
  return octets;
}
