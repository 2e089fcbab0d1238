import { lazyComponent } from "./lazy-component.tsx";

export const Gone = lazyComponent(() => import("./gone.tsx").then((part) => part.Gone));
