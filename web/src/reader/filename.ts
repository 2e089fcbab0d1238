const MAX_CHARS = 120;

/**
 * Make a file name from a message safe to show and to save under.
 *
 * Bidirectional controls can make `photo<RLO>gpj.exe` look like `photoexe.jpg`. Slashes leave the
 * folder, leading dots hide the file.
 */
export function safeName(name: string): string {
  const flat = name
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, "")
    .replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, "\ufffd")
    .replace(/[/\\:*?"<>|]/g, "_")
    .replace(/^\.+|[. ]+$/g, "")
    .trim();
  if (flat.length <= MAX_CHARS) return flat;
  const dot = flat.lastIndexOf(".");
  const extension = dot > 0 && flat.length - dot <= 10 ? flat.slice(dot) : "";
  return flat.slice(0, MAX_CHARS - extension.length) + extension;
}
