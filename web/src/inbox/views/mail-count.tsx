import { useEffect, useState } from "preact/hooks";
import type { MailCounts, MailSource } from "../source.ts";
import { dictionary } from "../../languages/dictionary.ts";
import { english } from "../../languages/en/all-mail.ts";

const words = dictionary("allMail", english);

/** Many messages that arrive at once are counted once. */
const PAUSE_MS = 250;

interface MailCountProps {
  source: MailSource;
  /** The numbers of messages that are listed, and that are not read: all is counted again when one changes. */
  listed: number;
  unread: number;
}

/** How much mail there is in all, and how much of it is not read. */
export function MailCount({ source, listed, unread }: MailCountProps) {
  const [counts, setCounts] = useState<MailCounts | null>(null);
  useEffect(() => {
    const count = () => source.count?.().then(setCounts, () => setCounts(null));
    const timer = setTimeout(() => void count(), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [source, listed, unread]);
  return counts && <p class="mail-count">{words.counts(counts.messages, counts.unread)}</p>;
}
