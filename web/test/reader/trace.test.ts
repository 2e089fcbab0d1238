import assert from "node:assert/strict";
import { test } from "node:test";
import { listAuthReports, readAuthResults } from "../../src/reader/auth-results.ts";
import { readEnvelope } from "../../src/reader/envelope.ts";
import { readUnsubscribe } from "../../src/reader/unsubscribe.ts";

const fields = (...pairs: [string, string][]) => pairs.map(([name, value]) => ({ name, value }));

const RECEIVED =
  "from host.example ([IPv6:2001:db8::1]) by mx.example (edgemail) with ESMTPSA id c386; Sat, 28 Nov 2026";

test("the server's own fields say how a message came", () => {
  const envelope = readEnvelope(fields(["Return-Path", "<a@b.example>"], ["Received", RECEIVED]));
  assert.deepEqual(envelope, {
    hello: "host.example",
    peer: "2001:db8::1",
    server: "mx.example",
    protocol: "ESMTPSA",
    isEncrypted: true,
    isLoggedIn: true,
    transaction: "c386",
  });
});

for (const [protocol, isEncrypted, isLoggedIn] of [
  ["SMTP", false, false],
  ["ESMTP", false, false],
  ["ESMTPA", false, true],
  ["ESMTPS", true, false],
  ["UTF8SMTP", false, false],
  ["UTF8SMTPSA", true, true],
] as const) {
  test(`${protocol} says whether the session was encrypted`, () => {
    const value = RECEIVED.replace("ESMTPSA", protocol);
    const envelope = readEnvelope(fields(["Return-Path", "<>"], ["Received", value]));
    assert.deepEqual([envelope?.isEncrypted, envelope?.isLoggedIn], [isEncrypted, isLoggedIn]);
  });
}

test("a field that a sender wrote is not taken for the server's", () => {
  assert.equal(readEnvelope(fields(["Received", RECEIVED], ["Return-Path", "<>"])), null);
  assert.equal(readEnvelope(fields(["Return-Path", "<>"], ["Subject", "x"], ["Received", RECEIVED])), null);
  const other = RECEIVED.replace(" (edgemail)", "");
  assert.equal(readEnvelope(fields(["Return-Path", "<>"], ["Received", other])), null);
  assert.equal(readEnvelope([]), null);
});

const OFFER: [string, string] = ["List-Unsubscribe", "<https://a.example/1>, <mailto:b@a.example?subject=x>"];
const POST: [string, string] = ["List-Unsubscribe-Post", "List-Unsubscribe=One-Click"];
const SIGNED: [string, string] = [
  "DKIM-Signature",
  "v=1; d=a.example; h=From : list-unsubscribe:List-Unsubscribe-Post; bh=x; b=y",
];

test("headers that are as RFC 8058 asks have no problem", () => {
  assert.deepEqual(readUnsubscribe(fields(OFFER, POST, SIGNED)), {
    urls: ["https://a.example/1", "mailto:b@a.example?subject=x"],
    isOneClick: true,
    problems: [],
  });
});

for (const [why, headers, problems] of [
  ["no Post", [OFFER, SIGNED], ["noPost"]],
  ["another Post", [OFFER, ["List-Unsubscribe-Post", "Yes"], SIGNED], ["badPost"]],
  ["no signature", [OFFER, POST], ["notSigned"]],
  [
    "a signature of something else",
    [OFFER, POST, ["DKIM-Signature", "h=From:List-Unsubscribe; b=x"]],
    ["notSigned"],
  ],
  ["mailto alone", [["List-Unsubscribe", "<mailto:a@b.example>"], POST, SIGNED], ["noHttps"]],
  ["http", [["List-Unsubscribe", "<http://a.example/1>"], POST, SIGNED], ["plainHttp", "noHttps"]],
  ["no brackets", [["List-Unsubscribe", "https://a.example/1"], POST, SIGNED], ["noBrackets", "noHttps"]],
  ["nothing", [["List-Unsubscribe", "<>"], POST, SIGNED], ["noUrl", "noHttps"]],
  ["a script", [["List-Unsubscribe", "<javascript:alert(1)>"], POST, SIGNED], ["badUrl", "noHttps"]],
  ["a word", [["List-Unsubscribe", "<https://a.example>, <leave>"], POST, SIGNED], ["badUrl"]],
  ["twice", [OFFER, OFFER, POST, SIGNED], ["twice"]],
  ["Post alone", [POST, SIGNED], ["postAlone"]],
] as [string, [string, string][], string[]][]) {
  test(`a problem with List-Unsubscribe is named: ${why}`, () => {
    const found = readUnsubscribe(fields(...headers));
    assert.deepEqual(found?.problems, problems);
    assert.equal(found?.isOneClick, false);
  });
}

test("without the headers there is nothing to leave", () => {
  assert.equal(readUnsubscribe(fields(["Subject", "List-Unsubscribe: <https://a.example>"])), null);
});

test("a URL that a fold has cut is whole again", () => {
  const found = readUnsubscribe(fields(["List-Unsubscribe", "<https://a.example/ 1/ 2>"]));
  assert.deepEqual(found?.urls, ["https://a.example/1/2"]);
});

test("a hostile header costs little", () => {
  const value = "<".repeat(1_000_000) + "(".repeat(1_000_000);
  const start = process.cpuUsage();
  readUnsubscribe(fields(["List-Unsubscribe", value], POST, ["DKIM-Signature", value]));
  listAuthReports(fields(["Authentication-Results", value], ["Received-SPF", value]));
  readEnvelope(fields(["Return-Path", value], ["Received", `from ${value}`]));
  assert.ok(process.cpuUsage(start).user < 2_000_000);
});

test("each report is listed with what its results are about", () => {
  const reports = listAuthReports(
    fields(
      [
        "Authentication-Results",
        'mx.example; dkim=fail (b (c); d) reason="a; spf=pass (x" header.d=e.example; arc=pass',
      ],
      ["ARC-Authentication-Results", "i=2; relay.example; dmarc=none"],
      ["Received-SPF", "Pass (mx.example: ok) client-ip=192.0.2.1; envelope-from=a@b.example"],
      ["Subject", "spf=pass"],
    ),
  );
  assert.deepEqual(reports, [
    {
      header: "Authentication-Results",
      by: "mx.example",
      results: [
        { method: "DKIM", result: "fail", about: 'reason="a; spf=pass (x" header.d=e.example' },
        { method: "ARC", result: "pass", about: "" },
      ],
    },
    {
      header: "ARC-Authentication-Results",
      by: "relay.example",
      results: [{ method: "DMARC", result: "none", about: "" }],
    },
    {
      header: "Received-SPF",
      by: "",
      results: [{ method: "SPF", result: "pass", about: "client-ip=192.0.2.1; envelope-from=a@b.example" }],
    },
  ]);
});

test("the line above the message has ARC too, and what relays say is not its own", () => {
  const results = (name: string) =>
    readAuthResults(fields([name, "mx.example; arc=fail; iprev=pass"]))?.results ?? null;
  assert.deepEqual(results("Authentication-Results"), [{ method: "ARC", result: "fail" }]);
  assert.equal(results("ARC-Authentication-Results"), null);
});
