import { defineConfig } from "@playwright/test";

const { CHROMIUM } = process.env;

export default defineConfig({
  workers: 1,
  use: CHROMIUM ? { launchOptions: { executablePath: CHROMIUM } } : {},
});
