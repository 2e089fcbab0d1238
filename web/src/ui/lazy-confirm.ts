import { lazily } from "./lazy-component.tsx";

export const ConfirmDelete = lazily(() => import("./confirm-delete.tsx").then((part) => part.ConfirmDelete));
