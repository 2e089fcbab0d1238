import { dictionary } from "../../languages/dictionary.ts";
import { english } from "../../languages/en/all-mail.ts";

const words = dictionary("allMail", english);

const OPERATORS = ["is:unread", "has:attachment", "from:", "to:", "subject:", "after:", "before:", "larger:"];

/** What a search of all mail understands besides words; `add` puts one into the search. */
export function SearchOperators({ add }: { add: (operator: string) => void }) {
  return (
    <div class="operators" role="group" aria-label={words.operators}>
      {OPERATORS.map((operator) => (
        <button key={operator} type="button" class="button quiet mono" onClick={() => add(operator)}>
          {operator}
        </button>
      ))}
    </div>
  );
}
