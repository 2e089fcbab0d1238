// Signs up as an agent would, by the TypeScript SDK: over HTTP (`http URL`) or pipes (`stdio URL COMMAND ARGUMENT...`).
// Prints what each step gave as JSON. The test sends the mail once the address is known: it reads this line by line.

import { createInterface } from "node:readline";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [kind, url, command, ...args] = process.argv.slice(2);
const transport =
  kind === "http"
    ? new StreamableHTTPClientTransport(new URL(`${url}/mcp`))
    : new StdioClientTransport({ command, args, env: { ...process.env, EDGEMAIL_URL: url }, stderr: "inherit" });
const client = new Client({ name: "edgemail-tests", version: "1.0.0" });
const say = (name, value) => console.log(JSON.stringify({ [name]: value }));

await client.connect(transport);
const { tools } = await client.listTools();
say("tools", tools);
const made = await client.callTool({ name: "new_address", arguments: { label: "ts" } });
say("made", made.structuredContent);
const { address, after } = made.structuredContent;
const lines = createInterface({ input: process.stdin });
for await (const line of lines) {
  if (line === "sent") break;
}
const found = await client.callTool({ name: "wait_for_code", arguments: { address, after, timeout_s: 30 } });
say("found", found.structuredContent);
const read = await client.callTool({
  name: "read_message",
  arguments: { address, id: found.structuredContent.message_id },
});
say("read", read.structuredContent);
const wrong = await client.callTool({ name: "list_messages", arguments: { address: "kim@" } });
say("wrong", wrong);
await client.close();
process.exit(0);
