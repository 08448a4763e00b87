// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
// What every page gains from a script: copy buttons, search as you type, a menu that closes. Nothing depends on it.

const announcer = document.getElementById("announce");

/** Tells screen readers, once and politely. */
function announce(text) {
  if (announcer && announcer.textContent !== text) announcer.textContent = text;
}

/** Shows the copy buttons inside an element; a page without script never offers what it cannot do. */
function offerCopy(root) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    const source = button.parentElement.querySelector("[data-copy-text]");
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      getSelection().selectAllChildren(source);
      return;
    }
    const label = button.querySelector("span");
    const usual = (label.dataset.usual ??= label.textContent);
    label.textContent = button.dataset.copy;
    announce(button.dataset.copy);
    setTimeout(() => { label.textContent = usual; announce(""); }, 2000);
  }
  for (const menu of document.querySelectorAll("[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Search as you type: hides what does not match. Enter still asks the server, whose answer has an address to send.
const plain = (text) => text.toLocaleLowerCase().normalize("NFC");
for (const input of document.querySelectorAll("[data-filter]")) {
  const area = document.querySelector(`[data-filtered="${input.dataset.filter}"]`);
  if (!area) continue;
  const none = document.getElementById(`${input.dataset.filter}-none`);
  const read = () => [...area.querySelectorAll(input.dataset.filterOf ?? ".tiles li, tbody tr")].map((element) => [element, plain(element.textContent + " " + (element.querySelector("a")?.getAttribute("href") ?? ""))]);
  let items = read();
  const sift = () => {
    const wanted = plain(input.value.trim());
    let shown = 0;
    for (const [element, text] of items) {
      element.hidden = !text.includes(wanted);
      if (!element.hidden) shown += 1;
    }
    for (const group of area.querySelectorAll("[data-group]")) group.hidden = !group.querySelector("li:not([hidden])");
    if (none) none.hidden = shown > 0;
    return shown;
  };
  area.addEventListener("fresh", () => { items = read(); if (input.value) sift(); });
  let timer;
  input.addEventListener("input", () => {
    const shown = sift();
    clearTimeout(timer);
    timer = setTimeout(() => announce(shown ? `${input.dataset.filterSome} ${shown}` : input.dataset.filterNone), 600);
  });
}

offerCopy(document);
