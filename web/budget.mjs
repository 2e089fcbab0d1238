/** Fails if a part of the page is larger, gzipped, than its budget. Needs `npm run build` first. */
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";

const client = path.join(import.meta.dirname, "../src/edgemail/client");
const page = await readFile(path.join(client, "index.html"), "utf8");
const assets = await readdir(path.join(client, "assets"));

const first = [...page.matchAll(/(?:href|src)="(assets\/[^"]+\.js)"/g)].map(([, file]) => file);
const styles = [...page.matchAll(/href="(assets\/[^"]+\.css)"/g)].map(([, file]) => file);
const named = (name) =>
  assets
    .filter((file) => file.startsWith(`${name}-`) && file.endsWith(".js"))
    .map((file) => `assets/${file}`);

/** Return files with all that they import statically. */
async function closure(files) {
  const known = new Set(files);
  for (const file of known) {
    const text = await readFile(path.join(client, file), "utf8");
    for (const [, imported] of text.matchAll(/(?:from|import)"\.\/([^"]+\.js)"/g)) {
      known.add(`assets/${imported}`);
    }
  }
  return known;
}

async function weigh(files) {
  const sizes = await Promise.all(
    [...files].map(async (file) => gzipSync(await readFile(path.join(client, file)), { level: 9 }).length),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

const landing = await closure([...first, ...named("landing")]);
const inbox = await closure([...first, ...named("inbox-view")]);
const database = await closure([...inbox, ...named("open"), ...named("sockets")]);
const reader = [...(await closure(named("reader")))].filter((file) => !inbox.has(file));

for (const [name, files, limit] of [
  ["first JavaScript of the landing page", landing, 20_000],
  ["first JavaScript of an inbox", inbox, 20_000],
  ["what opens a database's sockets", named("sockets"), 4_000],
  ["first JavaScript of a database's inbox", database, 33_000],
  ["reader", reader, 40_000],
  ["a database's worker", named("worker"), 15_000],
  ["worker of all tabs", named("events-worker"), 3_000],
  ["CSS", styles, 6_000],
]) {
  const size = await weigh(files);
  const fits = size > 0 && size <= limit;
  console.log(`${fits ? "ok  " : "OVER"} ${name}: ${size} of ${limit} bytes gzipped`);
  if (!fits) process.exitCode = 1;
}
