// The screens of a custodian: their share is shown to open, or given to a release, from its envelope or from paper.

import { contributionOf, proofOf, shareInEnvelope, shareInWords } from "./share.js";
import { scan } from "./codes.js";
import { at, onForm, show, wrong } from "./screens.js";
import { showSheet } from "./sharesheet.js";
import { say } from "./words.js";

const ON_PAPER = { __proto__: null, "share/no-envelope": "paper-missing", "share/other-kit": "paper-kit" };
let doing = null;
let finish = null;

/** What is done with the signed body: called with (reading, body). */
export function whenKept(work) {
  finish = work;
}

/** Do a custodian's part with the share in their envelope, or, where there is none for this kit, ask for their paper. */
export async function keep(reading) {
  const { review, member, kit } = reading;
  try {
    await done(reading, shareInEnvelope(review.task, review.request.texts, member, kit));
  } catch (error) {
    if (!Object.hasOwn(ON_PAPER, error.code)) throw error;
    askPaper(reading, ON_PAPER[error.code]);
  }
}

/** Show the sheet of the share in the envelope, to print; refused as `keep` would ask for paper. */
export function showShare(reading) {
  const { review, member, kit } = reading;
  showSheet(reading, shareInEnvelope(review.task, review.request.texts, member, kit));
}

/** Ask for the 33 words; *why* is the sentence that says what is wrong with the envelope, if anything is. */
export function askPaper(reading, why = "") {
  doing = reading;
  at("paper-text").value = "";
  const { resource, seal } = reading.review.task.manifest.about;
  say(at("paper-lead"), "paper-lead", { resource, seal });
  say(at("paper-why"), why);
  at("paper-why").hidden = why === "";
  show("paper");
}

/** Forget whose share was asked for, and what was typed. */
export function clear() {
  doing = null;
  at("paper-text").value = "";
}

function done(reading, share) {
  const { review } = reading;
  const complete = review.task.asked === "share" ? proofOf : contributionOf;
  return finish(reading, complete(review.request.body, share, review.task));
}

function take(typed) {
  const share = shareInWords(doing.review.task, doing.member, typed);
  const reading = doing;
  clear();
  return done(reading, share);
}

onForm("paper-form", "paper-wrong", () => take(at("paper-text").value));
at("paper-scan").addEventListener("click", () =>
  scan("paper", async (text) => {
    try {
      await take(text);
    } catch (error) {
      wrong("paper-wrong", error);
    }
  }),
);
