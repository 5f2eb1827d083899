/* A page of several small forms: a button sends its own and the words in the others would be gone. The browser asks first,
   in its own words, whether to leave. Words that have come back with a message count too: they are not kept yet. Links ask
   nothing, or none could press the number to call with a note half written. */
"use strict";

(() => {
  const boxes = () => document.querySelectorAll("main form :is(textarea, input[type=text])");
  let pressed = null;

  document.addEventListener("submit", (event) => {
    pressed = event.target;
  });
  addEventListener("beforeunload", (event) => {
    if (pressed && [...boxes()].some((box) => box.form !== pressed && box.value.trim())) {
      event.preventDefault();
    }
    pressed = null;
  });
})();
