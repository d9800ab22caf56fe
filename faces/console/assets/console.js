// Enhancements only: without this file every page still does its work.
"use strict";

// Drag and drop, and a progress bar for the upload form.
const form = document.querySelector("form[data-upload]");
if (form) {
  const zone = form.querySelector(".drop");
  const input = form.querySelector("input[type=file]");
  const list = form.querySelector("[data-chosen]");
  const show = () => {
    list.replaceChildren(...[...input.files].map((file) => {
      const item = document.createElement("li");
      item.textContent = `${file.name} (${Math.max(1, Math.round(file.size / 1024)).toLocaleString()} KiB)`;
      return item;
    }));
  };
  input.addEventListener("change", show);
  for (const name of ["dragover", "dragenter"]) {
    zone.addEventListener(name, (event) => { event.preventDefault(); zone.classList.add("over"); });
  }
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    input.files = event.dataTransfer.files;
    show();
  });
  form.addEventListener("submit", (event) => {
    if (!input.files.length) return;
    event.preventDefault();
    const bar = form.querySelector("progress");
    const button = form.querySelector("button");
    const box = form.querySelector("[data-progress]");
    box.hidden = false;
    button.disabled = true;
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.upload.addEventListener("progress", (e) => {
      if (e.lengthComputable) { bar.max = e.total; bar.value = e.loaded; }
    });
    request.addEventListener("load", () => {
      if (request.responseURL && new URL(request.responseURL).pathname !== new URL(form.action).pathname) {
        location.assign(request.responseURL);
        return;
      }
      // A refusal: show the page that the server answered with.
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      const main = page.querySelector("main");
      if (main) document.querySelector("main").replaceWith(document.importNode(main, true));
      window.scrollTo(0, 0);
    });
    request.addEventListener("error", () => { button.disabled = false; box.hidden = true; form.submit(); });
    request.send(new FormData(form));
  });
}

// Live state: ask until the transfer has come to rest, then show the page as it is now.
const live = document.querySelector("[data-live]");
if (live) {
  let rounds = 0;
  const ask = async () => {
    rounds += 1;
    if (rounds > 600) return;
    try {
      const answer = await fetch(live.dataset.live, { headers: { accept: "application/json" } });
      if (answer.ok) {
        const { updated_ms: updated } = await answer.json();
        if (String(updated) !== live.dataset.updated) { location.reload(); return; }
      }
    } catch { /* the server may be restarting; ask again */ }
    setTimeout(ask, rounds < 20 ? 700 : 3000);
  };
  setTimeout(ask, 700);
}

// "Choose all" of the approvals.
const all = document.querySelector("[data-all]");
if (all) {
  all.hidden = false;
  all.querySelector("input").addEventListener("change", (event) => {
    for (const box of document.querySelectorAll("input[name=choice]")) box.checked = event.target.checked;
  });
}
