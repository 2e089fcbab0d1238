import { defineConfig } from "@playwright/test";
import type { EdgemailOptions } from "@edgemail/playwright";

const { CHROMIUM, START_EDGEMAIL } = process.env;

export default defineConfig<object, EdgemailOptions>({
  testDir: "tests",
  fullyParallel: true,
  use: {
    // Without these, Playwright's own browser and `uvx edgemail`.
    ...(CHROMIUM && { launchOptions: { executablePath: CHROMIUM } }),
    ...(START_EDGEMAIL && { edgemailCommand: START_EDGEMAIL }),
  },
});
