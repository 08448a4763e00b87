// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Finds the pages of a running control plane by following its links, for axe.mjs --list. Prints one address a line; of
// pages that differ only in whose they are (a municipality's, an operation's), the first.
//
//   node crawl.mjs URL      logs in with FLOTTA_EMAIL and FLOTTA_PASSWORD from the environment
//
// Exits 1 if a page is broken: an answer other than 200, or a link that leads nowhere.

import { existsSync } from "node:fs";
import puppeteer from "puppeteer-core";

const start = process.argv[2];
const browserPath = [process.env.CHROMIUM, "/usr/lib/chromium/chromium", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  .find((path) => path && existsSync(path));
if (!start || !browserPath) {
  console.error(start ? "no Chromium found; install the package chromium or set CHROMIUM" : "give the address of a control plane");
  process.exit(2);
}

// What stands for a page: its path without the parts that say whose it is.
const shape = (url) =>
  url.pathname
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "{id}")
    .replace(/(\/(?:municipalities|releases|users|members|health|status)\/)(?!new(?:\/|$))[^/]+/g, "$1{one}")
    .replace(/\/\d+$/, "/{number}") +
  // What anybody may see has its language in its address.
  (url.searchParams.get("lang") ?? "");

const browser = await puppeteer.launch({
  executablePath: browserPath,
  acceptInsecureCerts: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
});
const found = new Map();
let broken = 0;
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(new URL("/login", start).href);
  await page.type("#f-email", process.env.FLOTTA_EMAIL ?? "");
  await page.type("#f-password", process.env.FLOTTA_PASSWORD ?? "");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  if (await page.$("#f-password")) throw new Error("logging in did not work");

  // A municipality's status page is closed until somebody opens it.
  await page.goto(new URL("/", start).href);
  const one = await page.$eval(".tiles a[href^='/municipalities/']", (link) => link.href).catch(() => null);
  if (one) {
    await page.goto(one);
    const open = await page.$("form[action$='/status-page']:has([value=yes]) button");
    if (open) await Promise.all([page.waitForNavigation(), open.click()]);
  }

  const waiting = [new URL("/", start)];
  const seen = new Set();
  while (waiting.length > 0 && seen.size < 80) {
    const url = waiting.shift();
    const key = shape(url);
    if (seen.has(key)) continue;
    seen.add(key);
    const answer = await page.goto(url.href, { waitUntil: "load" });
    const kind = answer?.headers()["content-type"] ?? "";
    if (answer?.status() !== 200) {
      broken += 1;
      console.error(`${url.pathname} answers ${answer?.status()}`);
      continue;
    }
    if (!kind.startsWith("text/html")) continue;
    found.set(key, new URL(page.url()));
    const links = await page.$$eval("a[href]", (all) => all.map((each) => each.href));
    for (const link of links) {
      const next = new URL(link);
      next.hash = "";
      const language = next.pathname.startsWith("/status/") && next.searchParams.get("lang");
      next.search = language ? `?lang=${language}` : "";
      if (next.origin === url.origin && !next.pathname.startsWith("/api/") && !/logout|metrics|\.csv$/.test(next.pathname)) waiting.push(next);
    }
  }
} finally {
  await browser.close();
}
for (const url of found.values()) console.log(url.href);
process.exit(broken === 0 && found.size > 0 ? 0 : 1);
