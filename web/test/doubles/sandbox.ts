/** A sandbox that allows scripts, to show that hostile scripts run without defences. */
export const SANDBOX = "allow-scripts allow-same-origin";
