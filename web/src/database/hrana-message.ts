/** The messages of Hrana over a WebSocket that a reader needs, as JSON has them. */

/** A statement, or the number under which the server has stored it. */
export type SqlText = { sql: string } | { sql_id: number };

export interface SqlError {
  message: string;
  code?: string;
}

interface StepResult {
  rows: Record<string, unknown>[][];
}

export interface HranaBatch {
  step_results: (StepResult | null)[];
  step_errors: (SqlError | null)[];
}

export type HranaRequest =
  | { type: "open_stream" | "close_stream"; stream_id: number }
  | { type: "store_sql"; sql_id: number; sql: string }
  | { type: "batch"; stream_id: number; batch: SqlBatch };

export interface SqlBatch {
  steps: { stmt: SqlText & { args: SqlArgument[] } }[];
}

export type SqlArgument = { type: "integer" | "text"; value: string };

export type ClientMessage =
  { type: "hello"; jwt: string } | { type: "request"; request_id: number; request: HranaRequest };

export type ServerMessage =
  | { type: "response_ok"; request_id: number; response: { result?: HranaBatch } }
  | { type: "response_error"; request_id: number; error: SqlError }
  | { type: "hello_ok" | "hello_error" };
