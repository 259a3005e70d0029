// Enhancements only: every page works without this file.

// "/" brings the cursor to the search box from anywhere but another field.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, [contenteditable]");
  if (event.key !== "/" || typing || event.isComposing || event.ctrlKey || event.metaKey) return;
  const box = document.getElementById("q");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});

// A second tap while the answer is on its way does nothing. The server would give the same answer
// again anyway: each form carries its own operation number.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.matches("form[method=post]")) return;
  const button = event.submitter;
  // After this turn, so that the button's own value is still sent.
  if (button) setTimeout(() => (button.disabled = true));
});

// Back from the page cache: nothing is under way any more.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[disabled]")) button.disabled = false;
});

// The sheet of filters on a phone closes with Escape.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && location.hash === "#filters") location.hash = "#results";
});
