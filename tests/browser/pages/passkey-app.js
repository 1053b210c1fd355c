// The least that a page of the house does with passkeys: it shows the entry that it has, and signs that very object.

import { Refusal, enrol, shownEntry, signEntry, signIn } from "/passkey.js";

const offer = JSON.parse(document.getElementById("offer").textContent);
const said = document.getElementById("said");
if (offer.unsigned !== undefined) {
  document.getElementById("shown").textContent = `${offer.unsigned.by} ${offer.unsigned.type} ${JSON.stringify(offer.unsigned.body)}`;
  document.getElementById("code").textContent = shownEntry(offer.unsigned).code;
}
for (const [name, act] of Object.entries({ enrol, signIn, signEntry })) {
  document.getElementById(name).addEventListener("click", async () => {
    said.textContent = "";
    try {
      said.textContent = JSON.stringify(await act(offer, offer.how));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      said.textContent = JSON.stringify({ code: error.code });
    }
  });
}
