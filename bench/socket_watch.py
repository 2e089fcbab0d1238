"""Notes in a page what it asks by WebSockets, and how long each answer took."""

WATCH_SOCKETS = """(() => {
  window.reads = [];
  const Native = WebSocket;

  /** Return the fields of a message of Protocol Buffers, as pairs of number and value. */
  const fieldsOf = (octets) => {
    const fields = [];
    let at = 0;
    const varint = () => {
      for (let value = 0, factor = 1; ; factor *= 128) {
        const octet = octets[at++];
        value += (octet & 127) * factor;
        if (octet < 128) return value;
      }
    };
    while (at < octets.length) {
      const key = varint();
      const field = Math.floor(key / 8);
      if (key % 8 === 0) fields.push([field, varint()]);
      else {
        const length = key % 8 === 1 ? 8 : varint();
        fields.push([field, octets.subarray(at, at + length)]);
        at += length;
      }
    }
    return fields;
  };
  const find = (octets, ...path) =>
    path.reduce((part, field) => part && fieldsOf(part).find(([found]) => found === field)?.[1], octets);

  /** Return a request's number, the statement that it stores, and the statements that it runs. */
  const readRequest = (data) => {
    if (typeof data === "string") {
      const { request, request_id: id } = JSON.parse(data);
      const stored = request?.type === "store_sql" ? [request.sql_id, request.sql] : null;
      const run = request?.type === "batch" ? request.batch.steps.map(({ stmt }) => stmt.sql_id) : null;
      return { id, stored, run };
    }
    const request = find(data, 2);
    const store = find(request, 11);
    const batch = find(request, 5, 2);
    return {
      id: find(request, 1) ?? 0,
      stored: store ? [find(store, 1) ?? 0, new TextDecoder().decode(find(store, 2))] : null,
      run: batch ? fieldsOf(batch).map(([, step]) => find(step, 2, 2) ?? 0) : null,
    };
  };
  const numberOfAnswer = (data) => {
    if (typeof data === "string") return JSON.parse(data).request_id;
    const answer = find(new Uint8Array(data), 3);
    return answer && (find(answer, 1) ?? 0);
  };

  window.WebSocket = class extends Native {
    constructor(...args) {
      super(...args);
      this.began = performance.now();
      this.asked = new Map();
      this.texts = new Map();
      this.addEventListener("message", ({ data }) => {
        const now = performance.now();
        const id = numberOfAnswer(data);
        const read = this.asked.get(id);
        if (!read) return;
        this.asked.delete(id);
        window.reads.push({ kind: read.kind, ms: now - read.at, opened_ms: now - this.began });
        window.dispatchEvent(new Event("read"));
      });
    }
    send(data) {
      const { id, stored, run } = readRequest(data);
      if (stored) this.texts.set(...stored);
      if (run) {
        const sql = run.map((number) => this.texts.get(number)).join(" ");
        const kind = /DESC/.test(sql) ? "list" : /FROM mail WHERE/.test(sql) ? "message" : "other";
        this.asked.set(id, { kind, at: performance.now() });
      }
      super.send(data);
    }
  };
  for (const name of ["OPEN", "CLOSING"]) window.WebSocket[name] = Native[name];
})()"""
"""Notes each batch that a page asks by a socket: its ms, and the ms since the socket was begun. Tells by `read`."""
