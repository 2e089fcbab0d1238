/**
 * What every part of the page has, whichever it is.
 *
 * Each part that is fetched by itself imports this, and so the bundler puts all of it into one file: it makes
 * a file of its own for each combination of parts that share something, and a dozen small ones weigh more.
 */
import "preact";
import "preact/hooks";
import "preact/jsx-runtime";
import "./backoff.ts";
import "./copy.tsx";
import "./hooks.ts";
import "./icons.tsx";
import "./language.ts";
import "./lazily.tsx";
import "./route.ts";
import "./source.ts";
import "./storage.ts";
import "./time.ts";
import "./views/states.tsx";
import "./words.ts";
