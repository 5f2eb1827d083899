/* Small help on the pages of the request form and the patient's pages: characters left, focus on the error summary, one
   send for two quick clicks, a date in one go, files that are too large before they are sent.
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

  // The server cuts off what is longer, and with it all that was typed.
  function refuseMuch(input) {
    const told = document.createElement("p");
    told.className = "err";
    told.setAttribute("role", "alert");
    told.textContent = input.dataset.much;

    function tell() {
      told.remove();
      if ([...input.files].reduce((sum, file) => sum + file.size, 0) > input.dataset.megabytes * 2 ** 20) {
        input.before(told);
      }
    }

    input.addEventListener("change", tell);
    input.form.addEventListener("submit", (event) => {
      if (told.isConnected) {
        event.preventDefault();
        event.stopImmediatePropagation();
        input.focus();
      }
    });
  }

  // Whoever types or pastes 3/7/1948 goes on in the next box of the date.
  function spread(boxes) {
    const inputs = [...boxes.querySelectorAll("input")];
    boxes.addEventListener("input", ({ target }) => {
      const parts = target.value.split(/[/.-]/);
      const rest = inputs.slice(inputs.indexOf(target));
      if (parts.length === 1 || parts.length > rest.length) {
        return;
      }
      parts.forEach((part, number) => {
        rest[number].value = part || (number ? rest[number].value : "");
      });
      rest[parts.length - 1].select();
    });
  }

  document.querySelectorAll("textarea[data-most]").forEach(countIn);
  document.querySelectorAll("input[data-megabytes]").forEach(refuseMuch); // before sendOnce: this send is none
  document.querySelectorAll(".boxes").forEach(spread);
  document.querySelectorAll("main form").forEach(sendOnce);
  if (!location.hash) {
    document.querySelector(".summary")?.focus();
  }
})();
