/** The line that names the host of a database. */
export const english = {
  title: "Where this page reads, and how long an answer takes",
};

export type HostWords = typeof english;
