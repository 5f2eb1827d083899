/* Comfort for writers of body text, boxes with data-markdown: a paste from Word, Outlook, Google Docs or a web page
   arrives as the small Markdown of practice/markdown.py, a preview that the server renders stands beside the text, and
   nobody leaves unsaved words without being asked.
   Without this file everything still works: the server cleans pasted plain text when it is saved. */
"use strict";

(() => {
  const BOXES = "textarea[data-markdown]";
  const WAIT_MS = 400;
  const SKIPPED = new Set(["STYLE", "SCRIPT", "TITLE", "META", "LINK", "IMG", "SVG", "OBJECT", "TEMPLATE", "NOSCRIPT"]);
  const BLOCKS = new Set("P DIV SECTION ARTICLE MAIN HEADER FOOTER ASIDE BLOCKQUOTE PRE UL OL DT DD TABLE".split(" "));
  const LINKS = /^(https?|mailto|tel):/i;
  const WORD_LIST = /mso-list:\s*l\d+\s+level(\d)/i;
  const WORD_MARK = /mso-list:\s*ignore/i;
  const WIDTHLESS = /[\u00ad\u200b-\u200d\u2060\ufeff]/g;
  const HEADINGS = { h3: "### ", h4: "#### " };
  const BULLET = /^\s*[•·▪◦‣●○■\uf0b7\uf0a7]\s+/;
  const NUMBERED = /^\s*\(?(\d+|[a-z]{1,4})[.)]/i;

  /* From HTML to Markdown: first a list of blocks with their runs of text, then their lines. */

  function isBold(element, css, before) {
    const weight = css.match(/(?:^|[;\s])font-weight:\s*(\w+)/i)?.[1]; // Google wraps all in a <b> of weight normal
    return weight ? weight.startsWith("bold") || Number(weight) >= 600 : before || element.matches("b, strong");
  }

  function isEmphasis(element, css, before) {
    const style = css.match(/(?:^|[;\s])font-style:\s*(\w+)/i)?.[1];
    return style ? style === "italic" : before || element.matches("i, em");
  }

  function blocksOf(root) {
    const blocks = [{ kind: "p", runs: [] }];
    const open = (kind, more = {}) => blocks.push({ kind, runs: [], ...more });

    function walk(node, look) {
      if (node.nodeType === Node.TEXT_NODE) {
        blocks.at(-1).runs.push({ ...look, text: node.data.replace(WIDTHLESS, "").replace(/\s+/g, " ") });
      } else if (node.nodeType === Node.ELEMENT_NODE && !SKIPPED.has(node.tagName.toUpperCase())) {
        element(node, look);
      }
    }

    function inside(node, look) {
      for (const child of node.childNodes) walk(child, look);
    }

    function element(node, look) {
      const css = node.getAttribute("data-style") || "";
      const word = css.match(WORD_LIST);
      if (WORD_MARK.test(css)) {
        blocks.at(-1).numbered = NUMBERED.test(node.textContent);
      } else if (node.tagName === "BR") {
        blocks.at(-1).runs.push({ ...look, text: "\n" });
      } else if (/^H[1-6]$/.test(node.tagName)) {
        open(node.tagName < "H4" ? "h3" : "h4");
        inside(node, { ...look, heading: true });
        open("p");
      } else if (word || node.tagName === "LI") {
        const depth = word ? Number(word[1]) - 1 : (look.depth ?? 0);
        open("li", { depth, numbered: !word && node.parentElement.tagName === "OL" });
        inside(node, { ...look, inItem: true });
        open("p");
      } else if (node.tagName === "TR") {
        open("p");
        for (const cell of node.children) {
          if (blocks.at(-1).runs.length) blocks.at(-1).runs.push({ text: " – " });
          inside(cell, { ...look, inItem: true });
        }
        open("p");
      } else if (BLOCKS.has(node.tagName)) {
        const isList = node.matches("ul, ol");
        // A paragraph inside an item or a cell starts no block of its own.
        if (isList || !look.inItem) open("p");
        else if (blocks.at(-1).runs.length) blocks.at(-1).runs.push({ ...look, text: " " });
        inside(node, isList ? { ...look, depth: (look.depth ?? -1) + 1 } : look);
        if (!look.inItem) open("p");
      } else {
        const href = LINKS.test(node.getAttribute("href")) ? node.getAttribute("href") : look.href;
        const [bold, emphasis] = [isBold(node, css, look.bold), isEmphasis(node, css, look.emphasis)];
        inside(node, { ...look, href, bold, emphasis });
      }
    }

    inside(root, {});
    return blocks;
  }

  const inPercent = (sign) => `%${sign.charCodeAt(0).toString(16)}`;

  /* `text` between two marks, with the spaces around it left outside: "** bold**" is not bold. */
  function wrapped(text, start, end) {
    const words = text.trim();
    return words ? text.replace(words, () => start + words + end) : text;
  }

  function lineOf(runs) {
    const same = (one, other) => one.bold === other.bold && one.emphasis === other.emphasis && one.href === other.href;
    const merged = [];
    for (const run of runs) {
      const last = merged.at(-1);
      // Word cuts a bold phrase into many runs; a space between two of them has no look of its own.
      if (last && (same(last, run) || !run.text.trim())) last.text += run.text;
      else merged.push({ ...run });
    }
    let line = "";
    for (const { text, bold, emphasis, heading, href } of merged) {
      const mark = (bold && !heading ? "**" : "") + (emphasis ? "*" : "");
      const part = wrapped(text, mark, mark);
      line += href ? wrapped(part, "[", `](${href.replace(/[ ()]/g, inPercent)})`) : part;
    }
    return line.replace(/[ \t]*\n[ \t]*/g, "\n").replace(/[ \t]{2,}/g, " ").trim();
  }

  /* A document of the pasted HTML, in which nothing runs. Our own policy would refuse its styles and report them. */
  function parsed(html) {
    const tag = (text) => text.replace(/\sstyle\s*=/gi, " data-style=");
    const unstyled = html.replace(/<style[^]*?<\/style>/gi, "").replace(/<[a-z][^>]*>/gi, tag);
    return new DOMParser().parseFromString(unstyled, "text/html").body;
  }

  function markdownOf(html) {
    const lines = [];
    const numbers = [];
    let last = "";
    for (const block of blocksOf(parsed(html))) {
      let line = lineOf(block.runs);
      if (!line) continue;
      const isItem = block.kind === "li" || BULLET.test(line);
      if (isItem) {
        const depth = block.depth ?? 0;
        numbers.length = Math.max(numbers.length, depth + 1);
        numbers.splice(depth + 1);
        numbers[depth] = block.numbered ? (numbers[depth] || 0) + 1 : 0;
        const sign = block.numbered ? `${numbers[depth]}. ` : "- ";
        line = "    ".repeat(depth) + sign + line.replace(BULLET, "");
      } else {
        numbers.length = 0;
        line = (HEADINGS[block.kind] || "") + line;
      }
      if (last) lines.push(isItem && last === "item" ? "\n" : "\n\n");
      lines.push(line);
      last = isItem ? "item" : "other";
    }
    return lines.join("");
  }

  function insert(box, text) {
    const before = box.value.slice(0, box.selectionStart);
    const apart = text.includes("\n") && before && !before.endsWith("\n") ? "\n\n" : "";
    // insertText can be undone with Ctrl-Z; setRangeText is for browsers that have lost it.
    if (!document.execCommand("insertText", false, apart + text)) {
      box.setRangeText(apart + text, box.selectionStart, box.selectionEnd, "end");
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  document.addEventListener("paste", (event) => {
    const html = event.target.matches?.(BOXES) && event.clipboardData.getData("text/html");
    const text = html && markdownOf(html);
    if (!text) return;
    event.preventDefault();
    insert(event.target, text);
  });

  /* The preview. It appears beside the box that somebody works in: a page has dozens of boxes. */

  const waiting = new WeakMap();

  function previewOf(box) {
    if (box.nextElementSibling?.matches(".preview")) return box.nextElementSibling;
    const labels = { className: "preview", ariaLive: "polite", ariaLabel: box.dataset.preview };
    const preview = Object.assign(document.createElement("section"), labels);
    preview.addEventListener("click", (event) => event.preventDefault()); // a link would leave the form
    box.after(preview);
    return preview;
  }

  async function refresh(box) {
    const text = box.value;
    const body = new URLSearchParams({ text, field: box.name });
    const headers = { "X-CSRFToken": box.form.elements.csrfmiddlewaretoken.value };
    const asked = fetch(box.dataset.markdown, { method: "POST", body, headers, redirect: "error" });
    const html = await asked.then((answer) => (answer.ok ? answer.text() : "")).catch(() => ""); // no network, signed out
    const preview = previewOf(box);
    if (text !== box.value) return; // a later answer is on its way
    if (html || !text.trim()) preview.innerHTML = html; // made by our server, with all that was typed escaped
    else preview.textContent = box.dataset.noPreview;
  }

  function later(event) {
    const box = event.target;
    if (!box.matches?.(BOXES)) return;
    clearTimeout(waiting.get(box));
    waiting.set(box, setTimeout(() => refresh(box), event.type === "focusin" ? 0 : WAIT_MS));
  }

  document.addEventListener("focusin", later);
  document.addEventListener("input", later);

  /* Whoever leaves the form with words that are not saved is asked first: the buttons above it send what was saved. */

  let unsaved = false;
  const isOfForm = (target) => target.closest?.("form")?.querySelector(BOXES);

  for (const type of ["input", "change"]) {
    document.addEventListener(type, (event) => {
      unsaved ||= Boolean(isOfForm(event.target));
    });
  }
  document.addEventListener("submit", (event) => {
    if (isOfForm(event.target)) unsaved = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
})();
