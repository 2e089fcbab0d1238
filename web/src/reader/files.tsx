/** What a message has besides its body: loaded where it is needed, as most messages need neither. */
export { AttachedHeading } from "./attached-heading.tsx";
export { Attachments } from "./attachments.tsx";
export { RawView } from "./raw.tsx";
