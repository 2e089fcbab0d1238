/** A failed expectation about mail, or a server that does not answer. Its message is for whoever reads the report. */
export class MailError extends Error {
  override name = "MailError";
}
