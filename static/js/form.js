/* Small help on the pages of the request form and the patient's pages: characters left, focus on the error summary, one
   send for two quick clicks.
   Without this file everything still works: the server counts, focus comes by `autofocus`, and two clicks are one request.
   The words of the count stand on the script's own tag, in the language of the page. */
"use strict";

(() => {
  const NEAR_END = 200;
  const PAUSE_MS = 700; // so that a screen reader is not told of each letter
  const TWICE_MS = 5000;
  const words = document.currentScript.dataset;

  // As the server counts: without spaces at the ends, composed, by character.
  const lengthOf = (text) => [...text.trim().normalize("NFC")].length;

  function countIn(box) {
    const most = Number(box.dataset.most);
    const told = document.createElement("p");
    told.className = "hint";
    told.setAttribute("role", "status");
    box.after(told);

    function tell() {
      const left = most - lengthOf(box.value);
      const said = left < 0 ? words.over : words.left;
      told.textContent = left > NEAR_END ? "" : `${said} ${Math.abs(left)}`;
    }

    let waiting = 0;
    box.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(tell, PAUSE_MS);
    });
    tell();
  }

  function sendOnce(form) {
    let sentAt = -TWICE_MS;
    form.addEventListener("submit", (event) => {
      if (event.timeStamp - sentAt < TWICE_MS) {
        event.preventDefault();
      } else {
        sentAt = event.timeStamp;
      }
    });
    addEventListener("pageshow", () => {
      sentAt = -TWICE_MS;
    });
  }

  document.querySelectorAll("textarea[data-most]").forEach(countIn);
  document.querySelectorAll("main form").forEach(sendOnce);
  if (!location.hash) {
    document.querySelector(".summary")?.focus();
  }
})();
