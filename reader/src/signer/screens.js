// One screen at a time: which part of the page shows, what stands beside its button when something is wrong, and files that people take along.

import { Refusal, demand } from "../errors.js";
import { reasonOf } from "./refusals.js";
import { say } from "./words.js";

export const at = (id) => document.getElementById(id);
const SCREENS = Array.from(document.querySelectorAll("main > section"), ({ id }) => id);
const leaving = [];

/** Show the screen *id* alone, from its top, with the focus on its heading. */
export function show(id) {
  for (const leave of leaving) leave(id);
  for (const name of SCREENS) at(name).hidden = name !== id;
  for (const wrong of document.querySelectorAll("p.wrong[role=alert]")) say(wrong, "");
  say(at("status"), "");
  at(`${id}-title`).focus();
  window.scrollTo(0, 0);
}

/** Call *leave* with the next screen's name whenever another screen is shown. */
export function onLeave(leave) {
  leaving.push(leave);
}

/** Say beside the field *id* why something was refused; what is no refusal is a fault of the page, and is said to be one. */
export function wrong(id, error) {
  const reason = reasonOf(error);
  say(at(id), reason.say, reason.with);
}

/** The last line of a refusal for people who look after computers: never a secret, for no refusal holds one. */
export function detailOf(error) {
  return error instanceof Refusal ? `${error.code}: ${error.message}` : String(error);
}

/** Run *work* when the form *id* is sent, and say beside *place* what is refused. */
export function onForm(id, place, work) {
  at(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    say(at(place), "");
    try {
      await work();
    } catch (error) {
      wrong(place, error);
    }
  });
}

/**
 * Give the bytes of a chosen file, and the file, to *take*, and say beside *place* what is refused. A file of more than *most* bytes is not read, and refused
 * with *tooLarge*.
 */
export function onFile(id, place, { most, tooLarge }, take) {
  at(id).addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    // So that the same file can be chosen again.
    target.value = "";
    if (file === undefined) return;
    say(at(place), "");
    try {
      demand(file.size <= most, tooLarge, `the file has ${file.size} bytes, and at most ${most} are read`);
      await take(await bytesOf(file), file);
    } catch (error) {
      wrong(place, error);
    }
  });
}

/** The same for a file of text; what is none is refused with *noText*. */
export function onTextFile(id, place, { most, noText, tooLarge = noText }, take) {
  onFile(id, place, { most, tooLarge }, (raw) => take(textIn(raw, noText)));
}

async function bytesOf(file) {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    // It was moved or deleted since, or the device does not let the page read it.
    throw new Refusal("file/unreadable", "the file cannot be read");
  }
}

function textIn(raw, noText) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    throw new Refusal(noText, "the file is no text");
  }
}

/** Let the browser save *text* as a file. */
export function saveFile(name, text) {
  saveBytes(name, text);
}

/** Let the browser save bytes, or a text, as a file. */
export function saveBytes(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

for (const button of document.querySelectorAll("[data-to]")) button.addEventListener("click", () => show(button.dataset.to));
