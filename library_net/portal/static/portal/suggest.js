// Suggestions under the search box: a combobox of works. Without this file the box is a plain form.

const WAIT_MS = 120;

const box = document.querySelector("input[data-suggestions]");
if (box) offer(box);

function offer(box) {
  const list = document.createElement("ul");
  list.id = `${box.id}-suggestions`;
  list.className = "suggestions";
  list.popover = "manual"; // the top layer: nothing around the box can cut it off
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.dataset.suggestionsName);
  box.form.after(list);
  const states = { role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false" };
  for (const [name, value] of Object.entries(states)) box.setAttribute(name, value);

  let timer = 0;
  let asking = null; // the request under way
  let active = -1;

  function close() {
    clearTimeout(timer);
    asking?.abort();
    active = -1;
    if (list.matches(":popover-open")) list.hidePopover();
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }

  function choose(number) {
    const options = [...list.children];
    active = number;
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === active)));
    if (active < 0) return box.removeAttribute("aria-activedescendant");
    box.setAttribute("aria-activedescendant", options[active].id);
    options[active].scrollIntoView({ block: "nearest" });
  }

  function show(found) {
    if (!found.length || document.activeElement !== box) return close();
    list.replaceChildren(...found.map(optionOf));
    choose(-1);
    const place = box.form.getBoundingClientRect();
    Object.assign(list.style, { left: `${place.left}px`, top: `${place.bottom + 4}px`, width: `${place.width}px` });
    if (!list.matches(":popover-open")) list.showPopover();
    box.setAttribute("aria-expanded", "true");
  }

  function optionOf(work, number) {
    const option = document.createElement("li");
    option.id = `${list.id}-${number}`;
    option.dataset.url = work.url;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    const author = document.createElement("span");
    author.className = "quiet small";
    author.textContent = work.author;
    option.append(work.title, " ", author);
    return option;
  }

  async function ask() {
    asking?.abort();
    const typed = box.value.trim();
    if (!typed) return close();
    const mine = (asking = new AbortController());
    try {
      const answer = await fetch(`${box.dataset.suggestions}?${new URLSearchParams({ q: typed })}`, { signal: mine.signal });
      if (answer.ok) show((await answer.json()).suggestions);
    } catch {
      if (!mine.signal.aborted) close(); // no network: the form still works
    }
  }

  box.addEventListener("input", (event) => {
    clearTimeout(timer);
    // An input method is still putting the word together: its letters are not what is meant.
    if (!event.isComposing) timer = setTimeout(ask, WAIT_MS);
  });
  box.addEventListener("compositionend", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
  box.addEventListener("keydown", (event) => {
    const count = list.matches(":popover-open") ? list.children.length : 0;
    if (event.isComposing || !count) return;
    if (event.key === "ArrowDown") choose(active + 1 < count ? active + 1 : -1);
    else if (event.key === "ArrowUp") choose(active < 0 ? count - 1 : active - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && active >= 0) location.assign(list.children[active].dataset.url);
    else return;
    event.preventDefault();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) location.assign(option.dataset.url);
  });
  box.addEventListener("blur", close);
  box.form.addEventListener("submit", close);
  addEventListener("resize", close);
  addEventListener("scroll", close, { passive: true });
}
