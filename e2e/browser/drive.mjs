// What every test in Chromium needs: starting the browser, codes of an authenticator, axe, and a watch on each page for
// errors and foreign requests.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The value after `--name` on the command line. */
export function option(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
}

/** The browser of the machine, without anything that it would ask of others by itself. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** Nothing may be asked of another host, and no page may break its own policy. `report(what, detail)` is told. */
export function watch(page, report) {
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.hostname !== "localhost") report("no foreign request", request.url());
  });
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of (401|403|404|409|422)/.test(message.text())) report("no console error", `${page.url()} ${message.text()}`);
  });
  page.on("pageerror", (error) => report("no script error", `${page.url()} ${error}`));
}

/** What axe finds (WCAG 2.2 AA), over CDP, since the page's own policy forbids injected scripts. */
export async function axe(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axeSource });
  const { result } = await session.send("Runtime.evaluate", {
    expression: 'axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }).then((r) => JSON.stringify(r.violations.map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160))])))',
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  return JSON.parse(result.value ?? '[["axe did not run"]]');
}

/** A code that this person has not used; the server takes the step before and after the present one. */
export async function freshCode(person) {
  for (;;) {
    const now = Math.floor(Date.now() / 30_000);
    const step = Math.max((person.last ?? 0) + 1, now - 1);
    if (step <= now + 1) {
      person.last = step;
      return totp(person.secret, step);
    }
    await new Promise((wait) => setTimeout(wait, 500));
  }
}

function totp(secret, step) {
  let bits = "";
  for (const letter of secret.replace(/=+$/, "")) bits += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
