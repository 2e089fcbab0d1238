/**
 * Reads what the server itself knows of a message's way here. It writes that into the first two header
 * fields of each message: `Return-Path` and `Received` (`src/edgemail/smtp/trace.py`).
 */
import type { MessageHeader } from "../inbox/source.ts";

export interface Envelope {
  /** What the peer called itself in HELO or EHLO. */
  hello: string;
  peer: string;
  server: string;
  /** A word of RFC 3848, such as `ESMTPSA`. */
  protocol: string;
  isEncrypted: boolean;
  isLoggedIn: boolean;
  /** The name of the transaction in the server's log. */
  transaction: string;
}

const RECEIVED =
  /^from (\S{1,300}) \(\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})\]\)\s+by (\S{1,300}) \(edgemail\) with (\S{1,40}) id ([^\s;]{1,80});/;

/** Return null if the server's own fields are not where it writes them. */
export function readEnvelope(headers: readonly MessageHeader[]): Envelope | null {
  const [first, second] = headers;
  if (first?.name !== "Return-Path" || second?.name !== "Received") return null;
  const [, hello, peer, server, protocol, transaction] = RECEIVED.exec(second.value) ?? [];
  if (!hello || !peer || !server || !protocol || !transaction) return null;
  return {
    hello,
    peer,
    server,
    protocol,
    isEncrypted: /SMTPSA?$/.test(protocol),
    isLoggedIn: /SMTPS?A$/.test(protocol),
    transaction,
  };
}
