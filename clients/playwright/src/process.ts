import { type ChildProcess, spawn } from "node:child_process";
import { MailError } from "./errors.js";

/** An edgemail that this process has started. */
export interface RunningServer {
  readonly url: string;
  readonly smtpUrl: string;
  /** Say how it ended, with what it wrote last; nothing while it runs. */
  tellEnd(): string;
  stop(): Promise<void>;
}

const ARGUMENTS = [
  "serve",
  ...["--smtp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--db", "memory"],
  ...["--set", "mode=dev", "--set", "chaos_api=on", "--stop-on-eof"],
];
/** The settings of another server, which the one for tests must not take over. */
const SETTINGS = /^(EDGEMAIL|LIBSQL|MP)_/i;
/** A first start by `uvx` fetches the package. */
const START_MS = 60_000;
const STOP_MS = 5_000;
const KEPT_CHARACTERS = 4_000;

const HELP =
  "Install uv, which brings uvx, or name another command by edgemailCommand, such as 'python3 -m edgemail'. " +
  "Or join a server that runs: edgemailUrl or EDGEMAIL_URL.";

/**
 * Start a server; return once it takes mail and answers HTTP.
 *
 * The command is one with its first arguments, parted by spaces or in a list.
 */
export async function startServer(command: string | readonly string[]): Promise<RunningServer> {
  const [program = "", ...first] = typeof command === "string" ? command.trim().split(/\s+/) : command;
  const written = [program, ...first].join(" ");
  if (!program) throw new MailError("edgemailCommand is empty: name the command that starts edgemail.");
  const child = spawn(program, [...first, ...ARGUMENTS], {
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !SETTINGS.test(name))),
    // Its standard input ends with this process, even if that is killed; then the server stops.
    stdio: ["pipe", "pipe", "pipe"],
    // A group of its own: `uvx` is the parent of the server, and both have to end.
    detached: process.platform !== "win32",
  });
  const killAtExit = () => signal(child, "SIGKILL");
  process.once("exit", killAtExit);
  let said = "";
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log = (log + text).slice(-KEPT_CHARACTERS);
  });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  const tellEnd = () => {
    if (child.exitCode === null && child.signalCode === null) return "";
    const how = child.signalCode ? `by ${child.signalCode}` : `with status ${child.exitCode}`;
    return ` \`${written}\` has ended ${how}${log.trim() ? `:\n${log.trim()}` : "."}`;
  };
  const stop = async () => {
    process.off("exit", killAtExit);
    signal(child, "SIGTERM");
    if (await isOver(ended, STOP_MS)) return;
    signal(child, "SIGKILL");
    // Where there are no groups, what `uvx` has started may still hold the pipes.
    if (!(await isOver(ended, STOP_MS))) for (const pipe of child.stdio) pipe?.destroy();
  };
  try {
    return await new Promise<RunningServer>((resolve, reject) => {
      const give = (problem: string) => reject(new MailError(`Cannot start edgemail: ${problem}`));
      const timer = setTimeout(
        () => give(`\`${written}\` was not ready within ${START_MS / 1000} s.\n${(said + log).trim()}`),
        START_MS,
      );
      child.once("error", (error: NodeJS.ErrnoException) =>
        give(
          error.code === "ENOENT" ? `there is no program "${program}". ${HELP}` : `${error.message}. ${HELP}`,
        ),
      );
      child.once("close", () => give(`${tellEnd().trim()}\n${HELP}`));
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        said = (said + text).slice(-KEPT_CHARACTERS);
        const smtp = /^SMTP +(smtp:\/\/\S+)\s/m.exec(said);
        const web = /^Web +(https?:\/\/\S+)\s/m.exec(said);
        if (!smtp?.[1] || !web?.[1]) return;
        clearTimeout(timer);
        resolve({ url: web[1], smtpUrl: smtp[1], tellEnd, stop });
      });
      void ended.then(() => clearTimeout(timer));
    });
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Return true once something is over, false after `ms`. */
async function isOver(something: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const over = await Promise.race([something.then(() => true), late]);
  clearTimeout(timer);
  return over;
}

/** Send a signal to the server and whatever started it, if they still run. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill(name);
    else process.kill(-child.pid, name);
  } catch {
    // It has ended.
  }
}
