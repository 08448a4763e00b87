// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
// Keeps a page up to date that shows something going on (an operation, a rollout, health): listens to its events, and on each fetches
// the part that changed, written by the server in the language of the page. Without this script, the page has a link that
// loads it anew.

const announcer = document.getElementById("announce");
const area = document.querySelector("[data-follow]");
const connection = document.getElementById("connection");
const isFinal = () => area.querySelector("[data-live]")?.dataset.final === "true";

let running = false;
let again = false;
async function update() {
  if (running) {
    again = true;
    return;
  }
  running = true;
  try {
    do {
      again = false;
      const answer = await fetch(area.dataset.follow, { headers: { accept: "text/html" } });
      if (answer.status === 401 || answer.redirected) return location.reload();
      if (answer.ok) show(await answer.text());
    } while (again);
    lost(false);
  } catch {
    lost(true);
  } finally {
    running = false;
  }
}

function show(html) {
  const open = [...area.querySelectorAll("details[data-keep][open]")].map((details) => details.dataset.keep);
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const fresh = holder.content.querySelector("[data-live]");
  if (!fresh) return;
  for (const name of open) fresh.querySelector(`details[data-keep="${name}"]`)?.setAttribute("open", "");
  const inside = area.contains(document.activeElement) ? document.activeElement.closest("details, form, a") : null;
  const place = inside ? [...area.querySelectorAll("details, form, a")].indexOf(inside) : -1;
  area.replaceChildren(fresh);
  area.dispatchEvent(new Event("fresh", { bubbles: true }));
  const back = place >= 0 ? [...area.querySelectorAll("details, form, a")][place] : null;
  (back?.querySelector("summary, button") ?? back)?.focus();
  // Told only when the sentence changes, which is when a step does: no chatter.
  if (announcer.textContent !== fresh.dataset.announce) announcer.textContent = fresh.dataset.announce;
  if (isFinal()) stop();
}

function lost(is) {
  connection.hidden = !is;
  connection.textContent = is ? area.dataset.lost : "";
}

let source;
let ticking;
function stop() {
  source?.close();
  clearInterval(ticking);
  document.querySelector("[data-refresh]")?.remove();
}

if (!isFinal()) {
  document.querySelector("[data-refresh]").hidden = true;
  source = new EventSource(area.dataset.events);
  source.onmessage = update;
  for (const kind of ["step", "line", "end", "board", "tile", "gone", "incident", "over"]) source.addEventListener(kind, update);
  source.onopen = () => lost(false);
  source.onerror = () => { if (!isFinal()) update(); };
  // The clock of the page moves on, and a missed event is made up for.
  ticking = setInterval(update, 5000);
}
