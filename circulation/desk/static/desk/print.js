/* One button; the sheet prints as well from the browser's own menu. */
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
