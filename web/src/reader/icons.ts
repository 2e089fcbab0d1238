/** The icons that only an open message shows. */
import { addIcons } from "../ui/icons.tsx";

addIcons({
  back: "M15 5l-7 7 7 7",
  download: "M12 4v11 M7 10.5l5 5 5-5 M5 20h14",
  image: "M4 5h16v14H4z M4 16l4.5-4.5 4 4 2.5-2.5 5 5 M15.5 9v.01",
  print: "M7 9V4h10v5 M7 17H4V9h16v8h-3 M7 14h10v6H7z",
});
