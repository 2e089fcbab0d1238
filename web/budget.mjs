/** What a browser has to fetch, gzipped, against what it may weigh. */
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

async function weigh(files) {
  const sizes = await Promise.all(
    files.map(async (file) => gzipSync(await readFile(path.join(client, file)), { level: 9 }).length),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

for (const [name, files, limit] of [
  ["first JavaScript", first, 20_000],
  ["reader", named("reader"), 40_000],
  ["reader's worker", named("worker"), 25_000],
  ["CSS", styles, 6_000],
]) {
  const size = await weigh(files);
  const fits = files.length > 0 && size <= limit;
  console.log(`${fits ? "ok  " : "OVER"} ${name}: ${size} of ${limit} bytes gzipped`);
  if (!fits) process.exitCode = 1;
}
