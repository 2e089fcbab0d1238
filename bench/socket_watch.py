"""Notes in a page what it asks by WebSockets, and how long each answer took."""

WATCH_SOCKETS = """(() => {
  window.reads = [];
  const Native = WebSocket;
  window.WebSocket = class extends Native {
    constructor(...args) {
      super(...args);
      this.began = performance.now();
      this.asked = new Map();
      this.texts = new Map();
      this.addEventListener("message", ({ data }) => {
        const now = performance.now();
        const id = Number(/"request_id":(\\d+)/.exec(data)?.[1]);
        const read = this.asked.get(id);
        if (!read) return;
        this.asked.delete(id);
        window.reads.push({ kind: read.kind, ms: now - read.at, opened_ms: now - this.began });
      });
    }
    send(text) {
      const { request, request_id: id } = JSON.parse(text);
      if (request?.type === "store_sql") this.texts.set(request.sql_id, request.sql);
      if (request?.type === "batch") {
        const sql = request.batch.steps.map(({ stmt }) => this.texts.get(stmt.sql_id) ?? stmt.sql).join(" ");
        const kind = /DESC/.test(sql) ? "list" : /FROM mail WHERE/.test(sql) ? "message" : "other";
        this.asked.set(id, { kind, at: performance.now() });
      }
      super.send(text);
    }
  };
  for (const name of ["OPEN", "CLOSING"]) window.WebSocket[name] = Native[name];
})()"""
"""Notes each batch that a page asks by a socket: its ms, and the ms since the socket was begun."""
