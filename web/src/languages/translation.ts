import type { AllMailWords } from "./en/all-mail.ts";
import type { CalendarWords } from "./en/calendar.ts";
import type { ChecksWords } from "./en/checks.ts";
import type { ConfirmDeleteWords } from "./en/confirm-delete.ts";
import type { DatabaseWords } from "./en/database.ts";
import type { GoneWords } from "./en/gone.ts";
import type { HostWords } from "./en/host.ts";
import type { KeyboardWords } from "./en/keyboard.ts";
import type { LandingWords } from "./en/landing.ts";
import type { LockWords } from "./en/lock.ts";
import type { PageWords } from "./en/page.ts";
import type { PreviewWords } from "./en/preview.ts";
import type { PartsWords } from "./en/parts.ts";
import type { ReaderWords } from "./en/reader.ts";
import type { ShareWords } from "./en/share.ts";

/** All words of the page in one language, by the part of the page that shows them. */
export interface Translation {
  page: PageWords;
  landing: LandingWords;
  keyboard: KeyboardWords;
  allMail: AllMailWords;
  share: ShareWords;
  gone: GoneWords;
  lock: LockWords;
  host: HostWords;
  confirmDelete: ConfirmDeleteWords;
  reader: ReaderWords;
  preview: PreviewWords;
  calendar: CalendarWords;
  parts: PartsWords;
  checks: ChecksWords;
  database: DatabaseWords;
}
