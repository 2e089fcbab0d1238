// Calls the commands of a client by name, and keeps what each gave.

export function makeCaller(commands) {
  const answers = {};
  const called = new Set();

  async function call(name, ...values) {
    const command = name.split(" ")[0]; // what stands behind it tells calls of one command apart
    called.add(command);
    try {
      answers[name] = await commands[command](...values);
    } catch (error) {
      answers[name] = { error: error.message };
    }
    return answers[name];
  }

  return { answers, called, call };
}
