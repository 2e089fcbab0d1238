import { render } from "preact";
import { App, fetchView } from "./app/app.tsx";
import { loadSource } from "./app/config.ts";
import { loadLanguage } from "./app/language.ts";
import { words } from "./languages/dictionary.ts";

const root = document.getElementById("app") as HTMLElement;

await loadLanguage();
fetchView();
try {
  render(<App source={await loadSource()} />, root);
} catch (error) {
  const cause = error instanceof Error ? error.message : String(error);
  render(<StartFailed cause={cause} />, root);
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
