import { Api } from "./api.js";
import { MailError } from "./errors.js";
import { type RunningServer, startServer } from "./process.js";

const EXAMPLE = "example.com";

/** A running edgemail: where the app sends its mail, and where the tests read it. */
export class Edgemail {
  /** The server's URL, without a slash at its end. */
  readonly url: string;
  readonly api: Api;
  /** The domain of the tests' addresses, unless they name another one. */
  readonly domain: string;
  readonly #smtpUrl: string;
  readonly #server: RunningServer | undefined;

  private constructor(api: Api, domain: string, smtpUrl: string, server?: RunningServer) {
    this.url = api.url;
    this.api = api;
    this.domain = domain;
    this.#smtpUrl = smtpUrl.replace(/\/+$/, "");
    this.#server = server;
  }

  /** Join a server that runs. It says itself where it takes mail, unless `smtpUrl` does. */
  static async join(url: string, smtpUrl: string): Promise<Edgemail> {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
      throw new MailError(`"${url}" is no URL of an edgemail: write it like http://127.0.0.1:8025`);
    }
    const explain = (cause: string) =>
      `No edgemail at ${withoutLogin(url)} (${cause}). Start it, or leave edgemailUrl and EDGEMAIL_URL out: ` +
      "the fixture starts one.";
    const api = new Api(url, explain);
    const info = await api.info();
    return new Edgemail(
      api,
      info.domains[0] ?? EXAMPLE,
      smtpUrl || findSmtp(info.smtp, new URL(url).hostname),
    );
  }

  /** Start a server on free ports, with its mail in memory. */
  static async start(command: string | readonly string[]): Promise<Edgemail> {
    const server = await startServer(command);
    const explain = (cause: string) =>
      `edgemail does not answer any more at ${server.url} (${cause}). It was started by the fixture.${server.tellEnd()}`;
    return new Edgemail(new Api(server.url, explain), EXAMPLE, server.smtpUrl, server);
  }

  /** Where the app must send its mail, such as `smtp://127.0.0.1:40123`. */
  get smtpUrl(): string {
    if (this.#smtpUrl) return this.#smtpUrl;
    throw new MailError(
      `edgemail at ${this.url} does not say where it takes mail without TLS: ` +
        "set edgemailSmtpUrl or EDGEMAIL_SMTP_URL, such as smtp://127.0.0.1:2525.",
    );
  }

  /** The host and port of `smtpUrl`. */
  get smtp(): { host: string; port: number } {
    const { hostname, port } = new URL(this.smtpUrl);
    return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 25) };
  }

  /** Variables by which apps find their mail server, for the `env` of the process that a test starts. */
  get env(): Record<string, string> {
    const { host, port } = this.smtp;
    return {
      EDGEMAIL_URL: `${this.url}/`,
      EMAIL_HOST: host,
      EMAIL_PORT: String(port),
      EMAIL_URL: this.smtpUrl,
      MAIL_HOST: host,
      MAIL_PORT: String(port),
      MAIL_SERVER: host,
      MAILER_DSN: this.smtpUrl,
      SMTP_HOST: host,
      SMTP_PORT: String(port),
      SMTP_URL: this.smtpUrl,
    };
  }

  /** What to look at when no mail came at all. */
  get hint(): string {
    const where = this.#smtpUrl ? `${this.#smtpUrl}: the app must send there.` : "the server's SMTP port.";
    return `no mail has come to this server since the test began. It takes mail at ${where}`;
  }

  /** End the server, if the fixture has started it. */
  async stop(): Promise<void> {
    await this.#server?.stop();
  }
}

/** Return the first `host:port` where a server takes mail, as it is reached at `host`; empty if there is none. */
function findSmtp([first]: readonly string[], host: string): string {
  if (!first) return "";
  const { hostname, port } = new URL(`smtp://${first}`);
  return `smtp://${["", "0.0.0.0", "[::]"].includes(hostname) ? host : hostname}:${port || 25}`;
}

function withoutLogin(url: string): string {
  const parsed = new URL(url);
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`.replace(/\/+$/, "");
}
