// The page of an everyday act: the passkey signs what the page shows, and the house records it.

import { shownEntry, signEntry } from "./passkey.js";

const place = document.getElementById("everyday");
const button = document.getElementById("everyday-sign");
const said = document.getElementById("everyday-said");
const entry = JSON.parse(document.getElementById("everyday-entry").textContent);
const WORDS = {
  "passkey/refused": "refused",
  "passkey/stopped": "refused",
  "passkey/timeout": "late",
  "passkey/unsupported": "unsupported",
  "passkey/insecure": "unsupported",
  "passkey/key": "key",
  "passkey/other-credential": "key",
};
let leaf = "";

function say(words) {
  said.textContent = words;
}

function plain(html) {
  // Sentences come with isolates around names, as HTML has them; here they are text.
  return new DOMParser().parseFromString(html, "text/html").body.textContent;
}

async function sign() {
  button.disabled = true;
  try {
    // Signed once, sent as often as it takes: an entry counts once.
    leaf ||= (await signEntry(entry)).leaf;
  } catch (error) {
    const name = WORDS[error.code] ?? "failed";
    say(plain(place.dataset[`words${name[0].toUpperCase()}${name.slice(1)}`]));
    button.disabled = false;
    return;
  }
  try {
    const answer = await fetch(place.dataset.url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": place.dataset.token },
      body: JSON.stringify({ leaf }),
    });
    const value = await answer.json();
    if (value.next) location.assign(value.next);
    else {
      leaf = "";
      say(value.words);
      button.disabled = false;
    }
  } catch {
    say(plain(place.dataset.wordsNetwork));
    button.disabled = false;
  }
}

document.getElementById("entry-code").textContent = shownEntry(entry.unsigned).code;
button.addEventListener("click", sign);
button.disabled = false;
