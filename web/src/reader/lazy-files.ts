import { lazyComponent } from "../ui/lazy-component.tsx";

const files = () => import("./files.tsx");

export const CalendarCards = lazyComponent(() =>
  import("./calendar-card.tsx").then((part) => part.CalendarCards),
);
export const AttachedHeading = lazyComponent(() => files().then((part) => part.AttachedHeading));
export const Attachments = lazyComponent(() => files().then((part) => part.Attachments));
export const RawView = lazyComponent(() => files().then((part) => part.RawView));
export const PreviewTools = lazyComponent(() =>
  import("./preview-tools.tsx").then((part) => part.PreviewTools),
);
export const PartsView = lazyComponent(() => import("./parts-view.tsx").then((part) => part.PartsView));
export const ChecksView = lazyComponent(() => import("./checks-view.tsx").then((part) => part.ChecksView));
