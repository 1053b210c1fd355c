// Whom a member believes about the record: the pins that this page was given, and what they make of a request's proof. The request brings no trust with it.
//
// A pin is kept in the browser only if its member wants that; where the browser keeps nothing for a saved file, it is given again.

import { utf8 } from "../bytes.js";
import { PAIRS, briefOf, checkBrief, mergeBriefs, parseBrief, placeOf } from "../brief.js";
import { Refusal, demand } from "../errors.js";
import { MAX_PIN_BYTES, parsePin, pinFingerprint } from "../pin.js";
import { askBrief } from "./net.js";
import { givenBytes, isMirror, isUrl } from "./request.js";
import { beforeBrief, beforeClaim, needed } from "./review.js";

const KEPT = "commonhold/pins";
const MAX_ASKED = 8;
const TURNS = 4;
const PAUSE = 1_500;
const MAX_KEPT = 16;
// By organisation: the pin, and its text.
const pins = new Map();

/** The pin in a pasted text, and its six words; it is not used yet. */
export function readPin(text) {
  demand(text.length <= 2 * MAX_PIN_BYTES, "pin/form", "this is too large for a pin");
  const trimmed = text.trim();
  const pin = parsePin(trimmed.startsWith("{") ? utf8(trimmed) : pinBytes(trimmed));
  return { pin, text: trimmed, words: pinFingerprint(pin).join(" ") };
}

/** Believe the partners of a pin from now on, and keep it in the browser if *keep*. */
export function usePin({ pin, text }, keep) {
  pins.set(pin.org, { pin, text });
  if (!keep) return;
  try {
    localStorage.setItem(KEPT, JSON.stringify([...pins.values()].slice(-MAX_KEPT).map((kept) => kept.text)));
  } catch {
    // Nothing is kept here; the pin counts until the page is closed.
  }
}

/** Take the pins that were kept; what is none any more is left out. */
export function recallPins() {
  try {
    for (const text of JSON.parse(localStorage.getItem(KEPT) ?? "[]")) {
      const { pin } = readPin(text);
      pins.set(pin.org, { pin, text });
    }
  } catch {
    // The browser keeps nothing, or something else.
  }
}

/** What is known before *member* signs *request*, or null if a pin must be given first; refused as its proof is. */
export async function lookAt(request, member) {
  const pin = pins.get(request.org)?.pin ?? null;
  if (pin === null) return request.claim === null ? null : beforeClaim(request);
  const missing = (before) => needed(request, member).some(([part, key]) => !before.values.has(placeOf({ part, key })));
  if (request.brief !== null) {
    const before = beforeBrief(checkBrief(briefOf(request.brief), pin));
    if (!missing(before)) return before;
  }
  const found = await fetched(request, member, pin);
  if (found !== null) return found;
  // With a proof that says too little the review says what is missing; without any there is nothing to believe.
  if (request.brief !== null) return beforeBrief(checkBrief(briefOf(request.brief), pin));
  throw new Refusal("request/unvouched", "the organisation has partners, and none of them vouches for this");
}

/**
 * What the partners answer, put together as the pin asks for it; null where too few answer. Partners follow a log each at their own pace, so two may
 * speak of two sizes for a moment: then they are asked again.
 */
async function fetched(request, member, pin) {
  const places = [...new Set([...pin.urls, ...request.urls])].filter((url) => isUrl(url) && isMirror(url)).slice(0, MAX_ASKED);
  const values = [...needed(request, member), ["partners", "policy"]];
  const parts = Array.from({ length: Math.ceil(values.length / PAIRS) }, (_, at) => values.slice(at * PAIRS, (at + 1) * PAIRS));
  const isWhole = (before) => values.every(([part, key]) => before.values.has(placeOf({ part, key })));
  for (let turn = 0; turn < TURNS; turn++) {
    if (turn > 0) await new Promise((go) => setTimeout(go, PAUSE));
    const answers = await Promise.all(places.flatMap((url) => parts.map((part) => askBrief(url, part))));
    const briefs = answers.map((raw) => (raw === null ? null : orNull(() => parseBrief(raw)))).filter((brief) => brief !== null);
    for (const brief of mergeBriefs(briefs, pin)) {
      const before = orNull(() => beforeBrief(checkBrief(brief, pin)));
      if (before?.epoch === request.epoch && isWhole(before)) return before;
    }
    // Nobody there, or one alone: asking again at once helps nobody.
    if (briefs.length < 2) return null;
  }
  return null;
}

function orNull(work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

function pinBytes(text) {
  try {
    return givenBytes(text);
  } catch {
    throw new Refusal("pin/form", "this is not a pin");
  }
}
