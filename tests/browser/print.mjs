// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Prints a page of a running control plane to PDF.
//
//   node print.mjs URL FILE      logs in with FLOTTA_EMAIL and FLOTTA_PASSWORD from the environment
//
// Exits 1 where what is printed is no PDF of at least a page, or holds what only a screen needs.

import { existsSync, readFileSync } from "node:fs";
import puppeteer from "puppeteer-core";

const [address, file] = process.argv.slice(2);
const browserPath = [process.env.CHROMIUM, "/usr/lib/chromium/chromium", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  .find((path) => path && existsSync(path));
if (!address || !file || !browserPath) {
  console.error(browserPath ? "give the address of a page and a file" : "no Chromium found; install the package chromium or set CHROMIUM");
  process.exit(2);
}
const browser = await puppeteer.launch({
  executablePath: browserPath,
  acceptInsecureCerts: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
});
let wrong = [];
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(new URL("/login", address).href);
  await page.type("#f-email", process.env.FLOTTA_EMAIL ?? "");
  await page.type("#f-password", process.env.FLOTTA_PASSWORD ?? "");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  await page.goto(address, { waitUntil: "load" });
  await page.emulateMediaType("print");
  wrong = await page.evaluate(() => {
    const seen = (selector) => [...document.querySelectorAll(selector)].some((each) => each.getClientRects().length > 0);
    const bad = [".top nav", ".actions", ".command", ".foot"].filter(seen).map((selector) => `${selector} is printed`);
    return seen("h1") && seen(".facts") ? bad : [...bad, "the report itself is not printed"];
  });
  await page.pdf({ path: file, format: "A4", printBackground: false });
} finally {
  await browser.close();
}
const pdf = readFileSync(file);
if (pdf.subarray(0, 5).toString() !== "%PDF-" || pdf.length < 5_000) wrong.push(`${file} is no PDF of a page`);
for (const each of wrong) console.error(each);
process.exit(wrong.length === 0 ? 0 : 1);
