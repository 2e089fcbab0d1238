/** Text whose lines the sender's program has broken to the lines that were typed (RFC 3676). */

/**
 * Join the lines that end in a blank with the next ones of the same quote depth. With `deletesBlanks`
 * (the parameter DelSp) that blank is no part of the text.
 */
export function joinFlowed(text: string, deletesBlanks: boolean): string {
  const joined: string[] = [];
  let paragraph: string[] = [];
  let depth = 0;
  const end = () => {
    joined.push(">".repeat(depth) + (depth > 0 ? " " : "") + paragraph.join(""));
    paragraph = [];
  };
  for (const line of text.split(/\r\n|\n|\r/)) {
    const quotes = line.length - line.replace(/^>+/, "").length;
    const content = line.slice(quotes).replace(/^ /, "");
    if (paragraph.length > 0 && quotes !== depth) end();
    depth = quotes;
    const isFlowed = content.endsWith(" ") && content !== "-- ";
    paragraph.push(isFlowed && deletesBlanks ? content.slice(0, -1) : content);
    if (!isFlowed) end();
  }
  if (paragraph.length > 0) end();
  return joined.join("\r\n");
}
