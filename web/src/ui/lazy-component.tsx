import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ChunkMissing } from "./states.tsx";

/** A component that is fetched when it is first shown, or sooner by its `load`. */
export type LazyComponent<Props> = ComponentType<Props> & { load(): void };

export function lazily<Props extends object>(
  fetch: () => Promise<ComponentType<Props>>,
): LazyComponent<Props> {
  let Loaded: ComponentType<Props> | null = null;
  let coming: Promise<unknown> | null = null;
  const load = () =>
    (coming ??= fetch().then(
      (component) => (Loaded = component),
      (error: unknown) => {
        coming = null; // the next one to ask tries again
        throw error;
      },
    ));
  const Component = (props: Props) => {
    const [missing, setMissing] = useState(false);
    const [, render] = useState({});
    useEffect(() => {
      if (Loaded) return;
      load().then(
        () => render({}),
        () => setMissing(true),
      );
    }, []);
    if (missing) return <ChunkMissing />;
    return Loaded && <Loaded {...props} />;
  };
  return Object.assign(Component, { load: () => void load().catch(() => undefined) });
}
