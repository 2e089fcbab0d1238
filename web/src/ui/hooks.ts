import { useEffect, useState } from "preact/hooks";

/** Return the current time in milliseconds, updated every `everyMs`. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** Return false for the first `ms`, then true. It delays placeholders, which would only flash. */
export function useDelay(ms: number): boolean {
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsOver(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return isOver;
}

/** Return true while the browser is online. */
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
