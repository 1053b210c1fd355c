// Saves each answer as it is given. Without this script everything works too: then answers are saved with the button at the end of a screen.
"use strict";
(() => {
  const status = document.getElementById("saved");
  const form = document.querySelector("form[data-autosave]");
  const languages = document.querySelector(".languages select");
  if (languages) {
    languages.addEventListener("change", () => languages.form.requestSubmit());
    languages.form.querySelector("button").hidden = true;
  }
  if (!form) return;
  let timer = 0;
  let running = false;
  let again = false;
  const say = (key, failed) => { status.textContent = status.dataset[key]; status.classList.toggle("open", Boolean(failed)); };
  const showError = (text) => {
    let box = document.getElementById("error");
    if (!text) { if (box) box.remove(); return; }
    if (!box) {
      box = document.createElement("div");
      box.id = "error"; box.className = "error"; box.setAttribute("role", "alert");
      form.before(box);
    }
    box.replaceChildren(...text.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
  };
  const send = (more) => {
    const data = new FormData(form);
    for (const field of form.querySelectorAll("[data-manual]")) data.delete(field.name);
    return fetch(form.action, { method: "POST", body: new URLSearchParams(data), headers: { Accept: "application/json" }, ...more });
  };
  const soon = (milliseconds) => { clearTimeout(timer); timer = setTimeout(() => { timer = 0; save(); }, milliseconds); };
  const save = async () => {
    if (running) { again = true; return; }
    running = true; again = false;
    say("saving");
    try {
      const answer = await send();
      const told = await answer.json();
      showError(told.ok ? null : told.lines);
      say(told.ok ? "saved" : "failed", !told.ok);
      const box = document.getElementById("follows-box");
      if (box && told.follows) {
        for (const old of box.querySelectorAll("p")) old.remove();
        const image = box.querySelector("figure");
        for (const line of told.follows) box.insertBefore(Object.assign(document.createElement("p"), { textContent: line }), image);
        if (image) image.querySelector("img").src = told.picture;
      }
    } catch { say("gone", true); }
    running = false;
    if (again) save();
  };
  // A tick that contradicts another takes it away: nobody, nothing known, and names.
  form.addEventListener("change", (event) => {
    const { name, value, checked, type } = event.target;
    if (type === "checkbox" && checked && !name.startsWith("assume") && !name.startsWith("inside") && name !== "new-inside") {
      for (const other of form.querySelectorAll(`input[name="${CSS.escape(name)}"]`)) {
        if (other !== event.target && (value === "-" || other.value === "-")) other.checked = false;
      }
    }
    if (!event.target.hasAttribute("data-manual")) soon(50);
  });
  form.addEventListener("input", (event) => {
    if (event.target.type === "text" && !event.target.hasAttribute("data-manual")) soon(900);
  });
  // The button sends everything: what was due must not come after it, and bring back what it removes.
  form.addEventListener("submit", () => { clearTimeout(timer); timer = 0; again = false; });
  // A window that closes in the middle of a word sends what is there.
  window.addEventListener("pagehide", () => { if (timer || again) send({ keepalive: true }).catch(() => {}); });
})();
