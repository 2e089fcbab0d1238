/** The dialog about keyboard shortcuts. */
export const english = {
  title: "Keyboard",
  list: [
    ["j", "next message"],
    ["k", "previous message"],
    ["Enter", "open"],
    ["Esc", "back to the list"],
    ["/", "search"],
    ["r", "reload"],
    ["?", "this help"],
  ],
  use: "Use these keys",
  close: "Close",
};

export type KeyboardWords = typeof english;
