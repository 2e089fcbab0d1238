/**
 * The sandbox opened to scripts. For the test that shows that hostile scripts would run but for the
 * walls.
 */
export const SANDBOX = "allow-scripts allow-same-origin";
