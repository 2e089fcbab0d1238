import { lazily } from "../lazily.tsx";

export const ConfirmDelete = lazily(() => import("./confirm.tsx").then((part) => part.ConfirmDelete));
