import { causeOf } from "./ui/cause.ts";
import { render } from "preact";
import { App, fetchView } from "./app/app.tsx";
import { loadSource } from "./app/config.ts";
import { loadLanguage } from "./app/language.ts";
import { KEY_MARK } from "./app/route.ts";
import { words } from "./languages/dictionary.ts";

const root = document.getElementById("app") as HTMLElement;

if (location.hash.includes(KEY_MARK)) (await import("./app/key-link.ts")).takeKey();
await loadLanguage();
fetchView();
try {
  render(<App source={await loadSource()} />, root);
} catch (error) {
  render(<StartFailed cause={causeOf(error)} />, root);
}

function StartFailed({ cause }: { cause: string }) {
  return (
    <main class="state">
      <h1>{words.failed.start}</h1>
      <p>{cause}</p>
      <button type="button" class="button primary" onClick={() => location.reload()}>
        {words.failed.retry}
      </button>
    </main>
  );
}
