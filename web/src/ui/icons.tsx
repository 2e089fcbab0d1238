const PATHS = {
  copy: "M9 9h10v10H9z M15 9V5H5v10h4",
  check: "M5 12.5l4.5 4.5L19 7.5",
  plus: "M12 5v14 M5 12h14",
  trash: "M4 7h16 M9 7V4h6v3 M6 7l1 13h10l1-13 M10 11v5 M14 11v5",
  clip: "M19 11l-7.5 7.5a4.2 4.2 0 0 1-6-6L13 5a2.8 2.8 0 0 1 4 4l-7.4 7.4a1.4 1.4 0 0 1-2-2L14 8",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8 M12 2.5v2 M12 19.5v2 M2.5 12h2 M19.5 12h2 M5.3 5.3l1.4 1.4 M17.3 17.3l1.4 1.4 M5.3 18.7l1.4-1.4 M17.3 6.7l1.4-1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  half: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16 M12 4v16 M12 9h4.5 M12 13h5.5 M12 17h3",
  help: "M9.2 9a2.9 2.9 0 1 1 4.3 2.6c-1 .5-1.5 1.2-1.5 2.4 M12 17.5v.01",
  dice: "M4 12a8 8 0 0 1 14-5.3L20 9 M20 4v5h-5 M20 12a8 8 0 0 1-14 5.3L4 15 M4 20v-5h5",
  open: "M14 4h6v6 M20 4l-9 9 M18 14v6H4V6h6",
  globe:
    "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17 M3.5 12h17 M12 3.5c2.6 2.4 3.9 5.2 3.9 8.5s-1.3 6.1-3.9 8.5c-2.6-2.4-3.9-5.2-3.9-8.5S9.4 5.9 12 3.5",
  share: "M4 4h6v6H4z M14 4h6v6h-6z M4 14h6v6H4z M14 14h2v2h-2z M18 14h2 M20 18v2h-2 M14 20v-1",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15z M10 20.5a2.2 2.2 0 0 0 4 0",
  bellOff: "M6 16.5V11a6 6 0 0 1 9.5-4.9 M18 11v5.5l1.5 1.5h-15L6 16.5 M10 20.5a2.2 2.2 0 0 0 4 0 M4 4l16 16",
  alert: "M12 4l9 16H3z M12 10v4.5 M12 17.2v.01",
} as const;

export type IconName = keyof typeof PATHS;

/** A decorative icon. Screen readers skip it: give the control around it a label. */
export function Icon({ name }: { name: IconName }) {
  return <Drawing path={PATHS[name]} />;
}

/** An icon that only one part of the page needs, as a path on a square of 24 units. */
export function Drawing({ path }: { path: string }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 64 64" aria-hidden="true">
      <rect width="64" height="64" rx="15" fill="#1257c7" />
      <path d="M13 21a5 5 0 0 1 5-5h28a5 5 0 0 1 5 5v14l-14 13H18a5 5 0 0 1-5-5z" fill="#fff" />
      <path d="M51 35 37 48v-9a4 4 0 0 1 4-4z" fill="#a9c8ff" />
      <path
        d="m18 23 14 10 14-10"
        fill="none"
        stroke="#1257c7"
        stroke-width="4"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
