/**
 * The frame's sandbox. Never add allow-same-origin, -scripts, -forms, -top-navigation, -downloads
 * or -modals.
 */
export const SANDBOX = "allow-popups allow-popups-to-escape-sandbox";
