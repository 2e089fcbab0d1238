import assert from "node:assert/strict";
import { test } from "node:test";
import { hostOf, isPunycode, otherHostInText } from "../../src/reader/link-host.ts";
import { safeName } from "../../src/reader/filename.ts";
import { rasterType } from "../../src/reader/raster-type.ts";
import { isWithinRenderLimits } from "../../src/reader/render-limits.ts";

const octets = (text: string) => new Blob([Uint8Array.from(text, (char) => char.charCodeAt(0))]);

test("only web links have a host", () => {
  assert.equal(hostOf("https://ex.org:8443/a"), "ex.org:8443");
  for (const url of ["javascript:alert(1)", "data:text/html,x", "//ex.org", "mailto:a@b.org", ""]) {
    assert.equal(hostOf(url), null);
  }
});

test("letters that look like others show as punycode", () => {
  assert.equal(hostOf("https://g\u043e\u043egle.com/"), "xn--ggle-55da.com");
  assert.equal(isPunycode("www.xn--ggle-55da.com"), true);
  assert.equal(isPunycode("xylophone.com"), false);
});

test("a text that names another host than the link's is found out", () => {
  assert.equal(otherHostInText("https://bank.example/login", "evil.example"), "bank.example");
  assert.equal(otherHostInText("Go to bank.example now", "evil.example"), "bank.example");
  assert.equal(otherHostInText("www.bank.example", "bank.example"), null);
  assert.equal(otherHostInText("bank.example", "bank.example:443"), null);
  assert.equal(otherHostInText("Confirm e-mail", "bank.example"), null);
});

test("a file name cannot leave its folder, hide, or turn round", () => {
  assert.equal(safeName("../../etc/passwd"), "_.._etc_passwd");
  assert.equal(safeName("C:\\autoexec.bat"), "C__autoexec.bat");
  assert.equal(safeName(".bashrc"), "bashrc");
  assert.equal(safeName("photo\u202egpj.exe"), "photo\ufffdgpj.exe");
  assert.equal(safeName("a\r\nb\0.txt"), "ab.txt");
  assert.equal(safeName("invoice.pdf. . "), "invoice.pdf");
});

test("a long file name keeps its extension", () => {
  const name = safeName(`${"x".repeat(5000)}.tar`);
  assert.equal(name.length, 120);
  assert.ok(name.endsWith(".tar"));
});

test("an image is what its octets say, whatever its declared type", async () => {
  assert.equal(await rasterType(octets("\x89PNG\r\n\x1a\nrest")), "image/png");
  assert.equal(await rasterType(octets("\xff\xd8\xff\xe0")), "image/jpeg");
  assert.equal(await rasterType(octets("RIFF\0\0\0\0WEBPVP8 ")), "image/webp");
  assert.equal(await rasterType(octets("<svg xmlns='http://www.w3.org/2000/svg'>")), null);
  assert.equal(await rasterType(octets("")), null);
});

test("HTML that would hold up the page is found out by its tags", () => {
  assert.equal(isWithinRenderLimits("<div><p>one<p>two<br></div>".repeat(4_000)), true);
  assert.equal(isWithinRenderLimits("<ul>" + "<li>x".repeat(15_000)), true);
  assert.equal(isWithinRenderLimits("<div>".repeat(2_001)), false);
  assert.equal(isWithinRenderLimits("<div></span>".repeat(2_001)), false);
  assert.equal(isWithinRenderLimits("</div>".repeat(2_001) + "<div>".repeat(2_001)), false);
  assert.equal(isWithinRenderLimits("<table><tr><td></div>".repeat(2_001)), false);
  assert.equal(isWithinRenderLimits("<b></b>".repeat(20_001)), false);
  assert.equal(isWithinRenderLimits(" ".repeat(2_000_001)), false);
  assert.equal(isWithinRenderLimits(`<style>${"p{color:red}".repeat(30_000)}</style>`), true);
  assert.equal(isWithinRenderLimits(`<style>${"p{color:red}".repeat(40_000)}`), false);
  assert.equal(isWithinRenderLimits(`<STYLE type='a'>${"p{}".repeat(70_000)}</style>`.repeat(2)), false);
});
