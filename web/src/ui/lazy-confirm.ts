import { lazyComponent } from "./lazy-component.tsx";

/** `ConfirmDelete`, fetched when it is first shown: most readers never delete. */
export const ConfirmDelete = lazyComponent(() =>
  import("./confirm-delete.tsx").then((part) => part.ConfirmDelete),
);
