// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// The whole life of a municipality in the browser, by keyboard only: log in, onboard Lund, its front page, its
// administrator's invitation and wp-admin, suspend, resume, the other language and theme, offboard, audit log, log out.
// One line for each check, `ok NAME` or `FAILED NAME: WHY`; the first that fails ends it. Exits 1 when any did.
//
//   node journey.mjs FOLDER     FOLDER gets a picture and the page of what failed
//
// In the environment: FLOTTA_URL, FLOTTA_EMAIL, FLOTTA_PASSWORD, FLOTTA_TOKEN, FLOTTA_HTTP_PORT, FLOTTA_HTTPS_PORT, and
// FLOTTA_JOURNEY_SHOTS, a folder for pictures of two pages. The fleet has Helsingborg, which docker/up onboards.

import { Stopped } from "./person.mjs";
import { farewell, offboard, pause, preferences } from "./journey/later.mjs";
import { logIn, onboard } from "./journey/onboard.mjs";
import { administrator, frontPage } from "./journey/site.mjs";
import { browser } from "./journey/stage.mjs";

let failed = false;
try {
  for (const part of [logIn, onboard, frontPage, administrator, pause, preferences, offboard, farewell]) await part();
} catch (error) {
  failed = true;
  if (!(error instanceof Stopped)) console.log(`FAILED the journey: ${error.stack ?? error}`);
} finally {
  await browser.close();
}
console.log("journey ended");
process.exit(failed ? 1 : 0);
