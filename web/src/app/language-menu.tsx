import { words } from "../languages/dictionary.ts";
import { LANGUAGES } from "../languages/list.ts";
import { Icon } from "../ui/icons.tsx";
import { chooseLanguage, preferredLanguage } from "./language.ts";

/** An icon that opens the browser's own list of languages, each by its own name. */
export function LanguageMenu() {
  return (
    <label class="button quiet square language" title={words.language}>
      <Icon name="globe" />
      <select
        aria-label={words.language}
        value={preferredLanguage()}
        onChange={(event) => chooseLanguage(event.currentTarget.value)}
      >
        {Object.keys(LANGUAGES).map((tag) => (
          <option key={tag} value={tag} lang={tag}>
            {new Intl.DisplayNames(tag, { type: "language" }).of(tag)}
          </option>
        ))}
      </select>
    </label>
  );
}
