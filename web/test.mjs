/** Bundles each test, as it is TypeScript, and runs it with Node's test runner. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;
// Inside the project: what a test does not bundle is found in node_modules.
const out = await mkdtemp(path.join(here, "node_modules/.test-"));
try {
  const files = (await readdir(path.join(here, "test"), { recursive: true })).filter((name) =>
    name.endsWith(".test.ts"),
  );
  await build({
    absWorkingDir: here,
    entryPoints: files.map((name) => `test/${name}`),
    outbase: path.join(here, "test"),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
  });
  const tests = files.map((name) => path.join(out, name.replace(/\.ts$/, ".mjs")));
  const { status } = spawnSync(
    process.execPath,
    ["--enable-source-maps", "--test-reporter=dot", "--test", ...tests],
    { stdio: "inherit", cwd: here },
  );
  process.exitCode = status ?? 1;
} finally {
  await rm(out, { recursive: true, force: true });
}
