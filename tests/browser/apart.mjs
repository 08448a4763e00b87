// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Runs a command in a network of its own that has nothing but some of this machine's own ports. Chromium breaks off what
// it is loading whenever a network interface comes or goes, and each container that starts or stops has one; and a page
// that asks any other host gets no answer. Needs root, unshare and ip. Exits as the command does.
//
//   node apart.mjs PORT... -- COMMAND...

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { fileURLToPath } from "node:url";

const inside = process.argv[2] === "--inside" ? process.argv[3] : null;
const given = process.argv.slice(inside ? 4 : 2);
const ports = given.slice(0, given.indexOf("--"));
const command = given.slice(given.indexOf("--") + 1);

/** Passes every connection on, both ways, until either side ends. */
function pass(listen, to) {
  return new Promise((ready, failed) => {
    const server = createServer((from) => {
      const onward = createConnection(to);
      for (const [one, other] of [[from, onward], [onward, from]]) {
        one.pipe(other);
        one.on("error", () => other.destroy());
        one.on("close", () => other.destroy());
      }
    });
    server.on("error", failed);
    server.listen(listen, ready);
  });
}

/** Runs it, hands on what would end us, and ends as it does. */
function run([program, ...rest], clean) {
  const child = spawn(program, rest, { stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => { clean(); console.error(String(error)); process.exit(127); });
  child.on("close", (status) => { clean(); process.exit(status ?? 130); });
}

if (inside) {
  const up = spawnSync("ip", ["link", "set", "lo", "up"], { stdio: "inherit" });
  if (up.status !== 0) process.exit(126);
  for (const port of ports) await pass({ host: "127.0.0.1", port: Number(port) }, { path: `${inside}/${port}` });
  run(command, () => {});
} else {
  // Sockets in the file system are the way out of a network of one's own.
  const folder = mkdtempSync("/tmp/flotta-apart-");
  for (const port of ports) await pass({ path: `${folder}/${port}` }, { host: "127.0.0.1", port: Number(port) });
  run(["unshare", "--net", process.execPath, fileURLToPath(import.meta.url), "--inside", folder, ...given], () => rmSync(folder, { recursive: true, force: true }));
}
