// Shows the button that prints the page: without a script it would do nothing, so it waits out of sight.
for (const place of document.querySelectorAll("[data-print]")) {
  place.hidden = false;
  place.querySelector("button").addEventListener("click", () => window.print());
}
