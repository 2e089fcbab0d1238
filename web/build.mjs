/**
 * Builds the static site.
 *
 *   node build.mjs [--out DIR] [--double NAME]... [--without-policy]
 *
 * The last two are for tests: each defence against hostile mail is tested with the others off. They
 * choose what goes into a bundle. A finished bundle has no switch in it.
 */
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const here = import.meta.dirname;
const require = createRequire(import.meta.url);

/** The modules that several parts of the page need. See `sharedChunk`. */
const SHARED = [
  "preact",
  "preact/hooks",
  "preact/jsx-runtime",
  "./src/inbox/address.ts",
  "./src/inbox/backoff.ts",
  "./src/inbox/source.ts",
  "./src/languages/dictionary.ts",
  "./src/reader/chips.tsx",
  "./src/ui/cause.ts",
  "./src/ui/copy-button.tsx",
  "./src/ui/hooks.ts",
  "./src/ui/icons.tsx",
  "./src/ui/lazy-component.tsx",
  "./src/ui/lazy-confirm.ts",
  "./src/ui/lazy-gone.ts",
  "./src/ui/error-states.tsx",
  "./src/ui/storage.ts",
  "./src/ui/time.ts",
];

const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob: https:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "frame-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types dompurify edgemail-frame",
].join("; ");

/** Replaces `src/reader/NAME.ts` by `test/doubles/NAME.ts`. */
function doubles(names) {
  return {
    name: "doubles",
    setup(bundle) {
      for (const name of names) {
        const filter = new RegExp(`/${name}\\.ts$`);
        bundle.onResolve({ filter }, () => ({ path: path.join(here, "test/doubles", `${name}.ts`) }));
      }
    },
  };
}

/**
 * Puts `SHARED` into one file: imports all of it into each part of the page that is fetched by itself.
 *
 * Otherwise esbuild makes a file for each combination of parts that share a module. A dozen small
 * files are larger, compressed, than one.
 */
const sharedChunk = {
  name: "shared-chunk",
  setup(bundle) {
    bundle.onResolve({ filter: /^shared-chunk$/ }, () => ({ path: "shared-chunk", namespace: "shared" }));
    bundle.onLoad({ filter: /.*/, namespace: "shared" }, () => ({
      contents: SHARED.map((module) => `import ${JSON.stringify(module)};`).join("\n"),
      resolveDir: here,
    }));
    bundle.onResolve({ filter: /\.tsx?$/ }, ({ kind, path: file, resolveDir }) =>
      kind === "entry-point" || kind === "dynamic-import"
        ? { path: path.resolve(resolveDir, file), pluginData: { isPart: true } }
        : undefined,
    );
    bundle.onLoad({ filter: /\.tsx?$/ }, async ({ path: file, pluginData }) =>
      pluginData?.isPart
        ? {
            contents: `import "shared-chunk";\n${await readFile(file, "utf8")}`,
            loader: file.endsWith("x") ? "tsx" : "ts",
          }
        : undefined,
    );
  },
};

function options(out, names, ...plugins) {
  return {
    absWorkingDir: here,
    outdir: out,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022", "safari16"],
    jsx: "automatic",
    jsxImportSource: "preact",
    charset: "utf8",
    legalComments: "linked",
    metafile: true,
    plugins: [doubles(names), ...plugins],
  };
}

/** Return the output whose entry point is `source`. */
function outputOf(metafile, out, source) {
  const found = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === source);
  return path.relative(out, path.resolve(here, found[0]));
}

/** Bundle a script by itself; return its file. */
async function bundleAlone(out, names, source, name, format = "esm") {
  const entry = { entryPoints: [source], entryNames: `assets/${name}-[hash]`, format };
  const { metafile } = await build({ ...options(out, names), ...entry });
  return outputOf(metafile, out, source);
}

async function bundle(out, names) {
  const workerFile = await bundleAlone(out, names, "src/database/worker.ts", "worker");
  const eventsFile = await bundleAlone(out, names, "src/inbox/events-worker.ts", "events-worker");
  // Not a module: a deferred script finds itself by `document.currentScript`. An exported page names it.
  await bundleAlone(out, names, "src/app/early-sockets.ts", "sockets", "iife");
  const page = await build({
    ...options(out, names, sharedChunk),
    entryPoints: ["src/main.tsx", "styles/main.css"],
    entryNames: "assets/[name]-[hash]",
    chunkNames: "assets/[name]-[hash]",
    splitting: true,
    define: { WORKER_FILE: JSON.stringify(workerFile), EVENTS_WORKER_FILE: JSON.stringify(eventsFile) },
  });
  const js = outputOf(page.metafile, out, "src/main.tsx");
  const first = page.metafile.outputs[path.relative(here, path.join(out, js))];
  const shared = first.imports.filter(({ kind }) => kind === "import-statement");
  return {
    js,
    css: outputOf(page.metafile, out, "styles/main.css"),
    shared: shared.map((chunk) => path.relative(out, path.resolve(here, chunk.path))),
  };
}

async function writePage(out, files, policy) {
  const page = await readFile(path.join(here, "static/index.html"), "utf8");
  const stamped = page
    .replace(/\n.*\{\{csp\}\}.*/, (line) => (policy ? line.replace("{{csp}}", policy) : ""))
    .replace(/\n.*\{\{shared\}\}.*/, (line) =>
      files.shared.map((file) => line.replace("{{shared}}", file)).join(""),
    )
    .replace("{{js}}", files.js)
    .replace("{{css}}", files.css);
  await writeFile(path.join(out, "index.html"), stamped);
  for (const name of ["icon.svg", "manifest.webmanifest"]) {
    await cp(path.join(here, "static", name), path.join(out, name));
  }
}

/** Write the API's documentation. The page loads nothing from another host. */
async function writeDocs(out) {
  const swagger = path.dirname(require.resolve("swagger-ui-dist/package.json"));
  const docs = path.join(out, "docs");
  await cp(path.join(here, "docs"), docs, { recursive: true });
  for (const name of ["swagger-ui-bundle.js", "swagger-ui.css", "LICENSE"]) {
    await cp(path.join(swagger, name), path.join(docs, name));
  }
}

const { values } = parseArgs({
  options: {
    out: { type: "string", default: path.join(here, "../src/edgemail/client") },
    double: { type: "string", multiple: true, default: [] },
    "without-policy": { type: "boolean", default: false },
  },
});
const out = path.resolve(values.out);
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const files = await bundle(out, values.double);
await writePage(out, files, values["without-policy"] ? null : PAGE_POLICY);
await writeDocs(out);
console.log(`built ${path.relative(process.cwd(), out)}`);
