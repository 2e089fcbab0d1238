/**
 * Opens a socket to each database, asks for the inbox that the URL names, and for `config.json`,
 * while the page's code is still being fetched.
 *
 * It is bundled by itself. `edgemail web export` puts it into the page's head, with the databases in
 * its attributes. `database/open.ts` takes the sockets over.
 */
import { fetchConfig } from "./fetch-config.ts";
import { HranaSocket } from "../database/hrana-socket.ts";
import { firstList } from "../database/statements.ts";
import { parseRoute } from "./route.ts";

globalThis.edgemailConfig = fetchConfig();
globalThis.edgemailConfig.catch(() => undefined); // who takes it hears of it
const { urls = "[]", token = "" } = document.currentScript?.dataset ?? {};
const route = parseRoute(location.hash);
globalThis.edgemailSockets = new Map();
for (const url of JSON.parse(urls) as string[]) {
  const socket = new HranaSocket(url, token);
  socket.askAhead(route.view === "inbox" ? firstList(route.address) : []);
  globalThis.edgemailSockets.set(url, socket);
}
