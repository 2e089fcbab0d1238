import { dictionary } from "../languages/dictionary.ts";
import { english } from "../languages/en/gone.ts";

const words = dictionary("gone", english);

/** Shown in place of a message that was deleted or has expired. */
export function Gone({ back }: { back: () => void }) {
  return (
    <div class="state gone" role="alert">
      <h2>{words.title}</h2>
      <p>{words.lead}</p>
      <button type="button" class="button primary" onClick={back}>
        {words.toInbox}
      </button>
    </div>
  );
}
