// Forms with a passkey: the question is fetched when somebody asks for it, the device answers, and the form is sent with the answer.
//
// The house checks everything; what is refused there comes back as the form, with the words that were written. What the browser refuses is said here.

import { enrol, signIn } from "./passkey.js";

const ASK = { enrol, signIn };

for (const form of document.querySelectorAll("form[data-passkey]")) {
  let isBusy = false;
  const said = form.querySelector("[data-said]");
  const button = form.querySelector("button[type=submit]");
  const tell = (code) => {
    const words = form.querySelector(`[data-failure="${CSS.escape(code)}"]`) ?? form.querySelector('[data-failure="passkey/failed"]');
    said.textContent = words?.content.textContent ?? code;
  };
  const rest = () => {
    isBusy = false;
    button.removeAttribute("aria-disabled");
  };
  // A page that comes back out of the browser's memory is ready for another try.
  window.addEventListener("pageshow", rest);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isBusy) return;
    isBusy = true;
    said.textContent = "";
    button.setAttribute("aria-disabled", "true");
    try {
      const response = await fetch(form.dataset.question, { method: "POST", body: new FormData(form), headers: { "X-Requested-With": "XMLHttpRequest" } });
      const { options, said: words, again } = await response.json();
      if (words) {
        said.textContent = words;
        return rest();
      }
      if (!again) {
        form.elements.answer.value = JSON.stringify(await ASK[form.dataset.passkey](options));
        form.elements.nonce.value = options.nonce;
      }
      form.submit();
    } catch (error) {
      tell(error instanceof TypeError || error instanceof SyntaxError ? "offline" : String(error?.code ?? "passkey/failed"));
      rest();
    }
  });
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = button.dataset.done;
    } catch {
      // It is selected: the keyboard copies it.
    }
  });
}
