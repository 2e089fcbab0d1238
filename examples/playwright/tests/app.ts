import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { test as base } from "@edgemail/playwright";

export { expect } from "@edgemail/playwright";

/** Starts the app once for each worker, with its mail going to that worker's edgemail. */
export const test = base.extend<object, { app: string }>({
  app: [
    async ({ edgemail }, use) => {
      const app: ChildProcess = spawn(process.execPath, ["app.mjs", "0"], {
        env: { ...process.env, ...edgemail.env },
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [origin] = await once(app.stdout!, "data");
      await use(String(origin).trim());
      app.kill();
      await once(app, "exit");
    },
    { scope: "worker" },
  ],
});
