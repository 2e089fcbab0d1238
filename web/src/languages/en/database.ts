/** Reading a database directly. */
export const english = {
  notice: "Public database: with this page's token everyone can read all mail in it, whatever the address.",
  switched: {
    failed: (error: string, to: string) => `${error} Reading from ${to}.`,
    behind: (from: string, to: string) => `${from} lags behind. Reading from ${to}.`,
    nearer: (to: string) => `${to} is nearer. Reading from there.`,
  },
  errors: {
    unreachable: (host: string) => `The database at ${host} cannot be reached.`,
    unreachableAll: (hosts: string) => `None of the databases can be reached: ${hosts}.`,
    corsBlocked: (host: string) =>
      `The database at ${host} answers, but does not let this page read it (CORS).`,
    expired: (day: string) =>
      `This page's token expired${day && ` on ${day}`}. Its owner must publish a new one.`,
    refused: (host: string) =>
      `The database at ${host} refuses this page's token. Its owner must publish another.`,
    busy: (host: string, status: number) => `The database at ${host} is out of order (${status}).`,
    notLibsql: (host: string) => `What answers at ${host} is no libSQL database.`,
    tooLarge: "The database's answer would be too large.",
    queryFailed: (host: string, why: string) => `The database at ${host} could not do it: ${why}`,
    behind: "The database does not have this message yet: it lags behind.",
    gone: "There is no such message.",
  },
  /** Why a message could not be taken apart. */
  reading: {
    tooSlow: "it took too long",
    tooLarge: "it is too large",
    broken: "it is broken",
  },
  config: {
    urls: "config.json names no database: `urls` must be a list of https:// or libsql:// addresses.",
    token: "config.json has no `token`.",
  },
};

export type DatabaseWords = typeof english;
