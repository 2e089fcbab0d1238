/** Icons that an open message alone needs, as paths for `Drawing`. */
export const PRINT = "M7 9V4h10v5 M7 17H4V9h16v8h-3 M7 14h10v6H7z";
export const IMAGE = "M4 5h16v14H4z M4 16l4.5-4.5 4 4 2.5-2.5 5 5 M15.5 9v.01";
export const BACK = "M15 5l-7 7 7 7";
export const DOWNLOAD = "M12 4v11 M7 10.5l5 5 5-5 M5 20h14";
