// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Looks at pages in a real browser: axe (WCAG 2.2 A and AA, and best practice) in light and dark, sideways scrolling at
// 320 px, errors on the console, requests to other hosts. Exits 1 when anything is wrong.
//
//   node axe.mjs [options] URL…
//   --cookie NAME=VALUE     sent to every page; may be repeated (both languages: --cookie flotta_language=en)
//   --login URL             first fills the log-in form there with FLOTTA_EMAIL and FLOTTA_PASSWORD from the environment
//   --shots FOLDER          also keeps a picture of each page at 320, 768 and 1440 px, light and dark
//   --list FILE             reads more addresses from a file, one a line
//   --widths 320,1440       widths for the pictures
// The browser is Chromium: CHROMIUM names it, or one of the usual places has it.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import puppeteer from "puppeteer-core";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cookie: { type: "string", multiple: true, default: [] },
    login: { type: "string" },
    shots: { type: "string" },
    list: { type: "string" },
    widths: { type: "string", default: "320,768,1440" },
  },
});
const urls = [...positionals, ...(options.list ? readFileSync(options.list, "utf8").split("\n").filter(Boolean) : [])];
const browserPath = [process.env.CHROMIUM, "/usr/lib/chromium/chromium", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  .find((path) => path && existsSync(path));
if (urls.length === 0 || !browserPath) {
  console.error(browserPath ? "give at least one URL" : "no Chromium found; install the package chromium or set CHROMIUM");
  process.exit(2);
}
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];
const problems = [];

const browser = await puppeteer.launch({
  executablePath: browserPath,
  acceptInsecureCerts: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  for (const cookie of options.cookie) {
    const [name, ...rest] = cookie.split("=");
    await browser.setCookie({ name, value: rest.join("="), domain: new URL(urls[0]).hostname, path: "/" });
  }
  if (options.login) {
    await page.goto(options.login);
    await page.type("#f-email", process.env.FLOTTA_EMAIL ?? "");
    await page.type("#f-password", process.env.FLOTTA_PASSWORD ?? "");
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    if (await page.$("#f-password")) throw new Error("logging in did not work");
  }

  let at = "";
  page.on("console", (message) => {
    // A missing event stream is what the pages without a server behind them have.
    if (message.type() === "error" && !process.env.FLOTTA_STATIC) problems.push(`${at}: console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`${at}: script: ${error}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.host !== new URL(at).host) problems.push(`${at}: asks another host: ${url.host}`);
  });

  for (const url of urls) {
    at = url;
    const name = new URL(url).pathname.replace(/\.html$/, "").split("/").filter(Boolean).join("-") || "root";
    for (const scheme of ["light", "dark"]) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.setViewport({ width: 1440, height: 1000 });
      await page.goto(url, { waitUntil: "load" });
      // Parts below the fold are left unpainted until they come near; axe should see them all.
      await page.evaluate(() => { for (const part of document.querySelectorAll("details")) part.open = true; });
      for (const width of [1440, 320]) {
        await page.setViewport({ width, height: 1000 });
        await page.evaluate(axe);
        const found = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: tags, resultTypes: ["violations"] }), tags);
        for (const violation of found.violations) {
          for (const node of violation.nodes) {
            problems.push(`${url} (${scheme}, ${width}): ${violation.id}: ${node.target.join(" ")}: ${node.failureSummary.replaceAll("\n", " ")}`);
          }
        }
        const [sideways, widest] = await page.evaluate(() => {
          const root = document.documentElement;
          const over = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > root.clientWidth && !e.closest(".scroll"));
          return [root.scrollWidth - root.clientWidth, over.at(-1)?.outerHTML.slice(0, 120) ?? ""];
        });
        if (sideways > 0) problems.push(`${url} (${scheme}): scrolls sideways by ${sideways} px at ${width} px: ${widest}`);
      }
      if (options.shots) {
        mkdirSync(options.shots, { recursive: true });
        await page.goto(url, { waitUntil: "load" });
        for (const width of options.widths.split(",").map(Number)) {
          await page.setViewport({ width, height: 1000 });
          await page.screenshot({ path: `${options.shots}/${name}-${width}-${scheme}.png`, fullPage: true });
        }
      }
    }
  }
} finally {
  await browser.close();
}
for (const problem of problems) console.log(problem);
console.log(`axe: ${urls.length} pages in two colour schemes at two widths, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
