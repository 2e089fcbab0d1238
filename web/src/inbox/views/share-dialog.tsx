import { useMemo } from "preact/hooks";
import { encode } from "uqr";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { inboxHash } from "../address.ts";
import { keyInLink } from "../inbox-keys.ts";
import { dictionary } from "../../languages/dictionary.ts";
import { english } from "../../languages/en/share.ts";

const words = dictionary("share", english);

/** Light modules around the code: ISO/IEC 18004 requires four, so that cameras find it. */
const QUIET_ZONE = 4;
const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Offers the inbox's link as a QR code, to copy, and to share with another program. */
export function ShareDialog({ address, close }: { address: string; close: () => void }) {
  const key = keyInLink(address);
  const url = new URL(inboxHash(address) + key, document.baseURI).href;
  return (
    <Dialog title={words.title} close={close}>
      <p>{LOOPBACK.test(location.hostname) ? words.local : words.lead}</p>
      {key && <p class="warn">{words.withKey}</p>}
      <QrCode text={url} label={words.code(address)} />
      <p class="mono share-link">
        <bdi>{url}</bdi>
      </p>
      <div class="actions">
        <CopyButton text={url} what={words.link} />
        {"share" in navigator && (
          <button
            type="button"
            class="button"
            onClick={() => void navigator.share({ title: address, url }).catch(() => undefined)}
          >
            {words.send}
          </button>
        )}
        <button type="button" class="button primary" onClick={close}>
          {words.close}
        </button>
      </div>
    </Dialog>
  );
}

/** Dark on light in both themes: many cameras read nothing else. */
function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => draw(text), [text]);
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

function draw(text: string): { size: number; path: string } {
  const { data, size } = encode(text, { ecc: "M", border: QUIET_ZONE });
  const squares = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")));
  return { size, path: squares.join("") };
}
