const BLOCKS = new Set(
  "address article aside blockquote br center dd div dl dt figure footer h1 h2 h3 h4 h5 h6 header hr li main ol p pre section table td th tr ul".split(
    " ",
  ),
);

/** The text of an element as a person reads it: blocks on lines of their own, white space as one blank. */
export function textOf(root: Element): string {
  const pieces: string[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node instanceof Element) {
      if (BLOCKS.has(node.localName)) pieces.push("\n");
    } else if (node.parentElement?.localName !== "style") {
      pieces.push((node.nodeValue ?? "").replace(/\s+/g, " "));
    }
  }
  return pieces
    .join("")
    .replace(/ *\n */g, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}
