// nodemailer's smtp-server, with a handler that reads a message to its end and forgets it.
const { SMTPServer } = require("smtp-server");

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ["AUTH", "STARTTLS"],
  disableReverseLookup: true,
  maxClients: 2000,
  size: 50 * 2 ** 20,
  onData(stream, _session, done) {
    stream.resume();
    stream.on("end", () => done());
  },
});
server.on("error", () => {});
server.listen(Number(process.argv[2]), "127.0.0.1");
