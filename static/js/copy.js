// Shows the button that copies a box: without a script it would do nothing, so it waits out of sight.
"use strict";

for (const place of document.querySelectorAll("[data-copy]")) {
  const box = document.getElementById(place.dataset.copy);
  const told = place.querySelector("[role=status]");
  place.hidden = false;
  place.querySelector("button").addEventListener("click", () => {
    box.select();
    navigator.clipboard?.writeText(box.value).then(() => {
      told.textContent = told.dataset.said;
    });
  });
}
