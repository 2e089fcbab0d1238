import { useEffect, useState } from "preact/hooks";

/** The time in milliseconds, kept fresh for "2 min ago" and for countdowns. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** False for the first `ms`: what is quick enough needs no placeholder that flashes by. */
export function useDelay(ms: number): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setOver(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return over;
}

export function useOnline(): boolean {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const refresh = () => setOnline(navigator.onLine);
    addEventListener("online", refresh);
    addEventListener("offline", refresh);
    return () => {
      removeEventListener("online", refresh);
      removeEventListener("offline", refresh);
    };
  }, []);
  return online;
}
