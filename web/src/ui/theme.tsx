import { useEffect, useState } from "preact/hooks";
import { Icon, type IconName } from "./icons.tsx";
import { load, save } from "./storage.ts";
import { words } from "../languages/dictionary.ts";

type Theme = "auto" | "light" | "dark";

const NEXT: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };
const ICONS: Record<Theme, IconName> = { auto: "half", light: "sun", dark: "moon" };

export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(() => {
    const kept = load<Theme>("theme", "auto");
    return kept in NEXT ? kept : "auto";
  });
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
    save("theme", theme);
  }, [theme]);
  return (
    <button
      type="button"
      class="button quiet square"
      aria-label={words.theme[theme]}
      title={words.theme[theme]}
      onClick={() => setTheme(NEXT[theme])}
    >
      <Icon name={ICONS[theme]} />
    </button>
  );
}
