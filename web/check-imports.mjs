/**
 * Checks the page's imports, types and `import()` included.
 *
 *   node check-imports.mjs [DIR]
 *
 * Fails if a module imports one of a higher layer, if imports form a cycle, and if two modules export
 * a type, a class or a component of the same name. DIR is `src` unless it is given.
 */
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/**
 * The layers, the highest first. A module imports from its own layer and from those below.
 *
 * The longest path that fits decides. `inbox/views/` is a layer above `inbox/`, so that an inbox's
 * state imports no view.
 */
const LAYERS = [
  "main.tsx", // starts the page
  "app/", // shell, routes, landing page, choice of the source and of the language
  "inbox/views/", // what an inbox looks like
  "database/", // mail read from a database
  "reader/", // an open message
  "inbox/", // an inbox's state, the interface of a source, and edgemail's own API as one
  "ui/", // controls, dialogs and helpers that know no mail source
  "languages/", // every word that the page shows
];

const IMPORT = /(?:\bfrom|\bimport|\bimport\()\s*"(\.[^"]*)"/g;
const EXPORTED_NAME = /^export (?:abstract )?(?:class|interface|type|enum|function) ([A-Z]\w*)/gm;

/** Return each module's path and text, by its path from `root`. */
async function readModules(root) {
  const names = (await readdir(root, { recursive: true })).filter((name) => /\.tsx?$/.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(path.join(root, name), "utf8")));
  return new Map(names.map((name, index) => [name.replaceAll("\\", "/"), texts[index]]));
}

/** Return the modules of the page that each module imports. */
function importsOf(modules) {
  const imports = new Map();
  for (const [name, text] of modules) {
    const targets = [...text.matchAll(IMPORT)].map(([, target]) =>
      path.posix.join(path.posix.dirname(name), target),
    );
    imports.set(
      name,
      targets.filter((target) => modules.has(target)),
    );
  }
  return imports;
}

/** Return the index of a module's layer, or -1 if it is in none. */
function layerOf(name) {
  const fitting = LAYERS.filter((layer) => name === layer || (layer.endsWith("/") && name.startsWith(layer)));
  return LAYERS.indexOf(fitting.sort((a, b) => b.length - a.length)[0]);
}

function findLayerProblems(imports) {
  const problems = [];
  for (const [name, targets] of imports) {
    if (layerOf(name) < 0) problems.push(`${name} is in no layer of check-imports.mjs`);
    for (const target of targets) {
      if (layerOf(target) >= layerOf(name)) continue;
      problems.push(
        `${name} imports ${target}: ${LAYERS[layerOf(name)]} is below ${LAYERS[layerOf(target)]}`,
      );
    }
  }
  return problems;
}

/** Find cycles by depth-first search: an import of a module that is still being visited. */
function findCycles(imports) {
  const problems = [];
  const done = new Set();
  const visit = (name, trail) => {
    if (trail.includes(name)) {
      problems.push(`import cycle: ${[...trail.slice(trail.indexOf(name)), name].join(" -> ")}`);
      return;
    }
    if (done.has(name)) return;
    for (const target of imports.get(name)) visit(target, [...trail, name]);
    done.add(name);
  };
  for (const name of imports.keys()) visit(name, []);
  return problems;
}

function findDoubleNames(modules) {
  const owners = new Map();
  const problems = [];
  for (const [name, text] of modules) {
    for (const [, exported] of text.matchAll(EXPORTED_NAME)) {
      const owner = owners.get(exported);
      if (owner) problems.push(`${exported} has two meanings: ${owner} and ${name} both export it`);
      else owners.set(exported, name);
    }
  }
  return problems;
}

const modules = await readModules(path.resolve(process.argv[2] ?? path.join(import.meta.dirname, "src")));
const imports = importsOf(modules);
const problems = [...findLayerProblems(imports), ...findCycles(imports), ...findDoubleNames(modules)];
for (const problem of problems) console.error(problem);
if (modules.size === 0) console.error("There is no module to check.");
process.exitCode = problems.length > 0 || modules.size === 0 ? 1 : 0;
