// The page that waits for the signer: it copies the request, and asks every few seconds whether the record has the act.

const SECONDS = 4;
const waiting = document.getElementById("waiting");
const link = document.getElementById("link");
const copy = document.getElementById("copy");

copy.addEventListener("click", async () => {
  link.select();
  try {
    await navigator.clipboard.writeText(link.value);
    copy.textContent = new DOMParser().parseFromString(copy.dataset.done, "text/html").body.textContent;
  } catch {
    // It is selected, so the keyboard copies it.
  }
});

async function ask() {
  try {
    const answer = await fetch(waiting.dataset.url);
    if (answer.ok && (await answer.json()).entry) {
      location.reload();
      return;
    }
  } catch {
    // The house may be away for a moment.
  }
  setTimeout(ask, SECONDS * 1000);
}

setTimeout(ask, SECONDS * 1000);
