const LONGEST = 120;

/**
 * A name from a message, fit to be shown and to be saved under.
 *
 * Bidirectional controls would show `exe.gpj` as `jpg.exe` turned round; slashes and leading dots would
 * leave the folder or hide.
 */
export function safeName(name: string): string {
  const flat = name
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, "")
    .replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, "\ufffd")
    .replace(/[/\\:*?"<>|]/g, "_")
    .replace(/^\.+|[. ]+$/g, "")
    .trim();
  if (flat.length <= LONGEST) return flat;
  const dot = flat.lastIndexOf(".");
  const extension = dot > 0 && flat.length - dot <= 10 ? flat.slice(dot) : "";
  return flat.slice(0, LONGEST - extension.length) + extension;
}
