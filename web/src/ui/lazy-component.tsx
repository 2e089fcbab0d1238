import type { ComponentType } from "preact";
import { useMemo, useState } from "preact/hooks";
import { PartMissing } from "./error-states.tsx";

/** `load` fetches the component before it is shown. */
type LazyComponent<Props> = ComponentType<Props> & { load(): void };

/** Make a component whose code is fetched when it is first shown. */
export function lazyComponent<Props extends object>(
  fetch: () => Promise<ComponentType<Props>>,
): LazyComponent<Props> {
  let Loaded: ComponentType<Props> | null = null;
  let loading: Promise<unknown> | null = null;
  const load = () =>
    (loading ??= fetch().then(
      (component) => (Loaded = component),
      (error: unknown) => {
        loading = null; // the next call tries again
        throw error;
      },
    ));
  const Component = (props: Props) => {
    const [missing, setMissing] = useState<boolean | null>(null); // null until the code has come, or has not
    useMemo(
      // At once, and not in an effect: that runs after the next frame.
      () =>
        load().then(
          () => setMissing(false),
          () => setMissing(true),
        ),
      [],
    );
    if (missing) return <PartMissing />;
    return Loaded && <Loaded {...props} />;
  };
  return Object.assign(Component, { load: () => void load().catch(() => undefined) });
}
