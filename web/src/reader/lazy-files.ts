import { lazyComponent } from "../ui/lazy-component.tsx";

const files = () => import("./files.tsx");

export const Attachments = lazyComponent(() => files().then((part) => part.Attachments));
export const RawView = lazyComponent(() => files().then((part) => part.RawView));
