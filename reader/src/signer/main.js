// The signer: makes a kit or takes it, loads a request, shows it in words, signs it, and hands it in. What is signed, and what is refused, is review.js.
//
// The kit lives in this module's memory and nowhere else; closing the page forgets it. Nothing that was given becomes markup.

import { Refusal } from "../errors.js";
import { fingerprint } from "../keys.js";
import { MAX_PIN_BYTES } from "../pin.js";
import * as acting from "./acting.js";
import { scan } from "./codes.js";
import { MAX_KIT_FILE, kitFromTyped, newKit, parseKitFile, parseMember } from "./kitfile.js";
import { MAX_REQUEST_BYTES, parseGiven } from "./request.js";
import { review } from "./review.js";
import { at, onForm, onTextFile, show, wrong } from "./screens.js";
import * as sheet from "./sheet.js";
import { lookAt, readPin, recallPins, usePin } from "./trust.js";
import { offerLanguages, say } from "./words.js";

let member = "";
let kit = null;
let waiting = "";
let pending = "";
let offered = null;

function useKit(name, own) {
  member = name;
  kit = own;
  for (const id of ["kit-words", "make-name", "prove-word"]) at(id).value = "";
  sheet.clear();
  say(at("kit-here"), "kit-here", { name });
  say(at("kit-six"), "kit-six", { words: fingerprint(kit.keys).join(" ") });
  at("request-text").value = waiting;
  show("request");
  const request = waiting;
  waiting = "";
  if (request !== "") return takeRequest(request);
}

function forget() {
  member = "";
  kit = null;
  pending = "";
  offered = null;
  sheet.clear();
  acting.clear();
  for (const field of document.querySelectorAll("textarea, input[type=text]")) field.value = "";
  start();
  say(at("status"), "forgotten");
}

async function takeRequest(text) {
  say(at("status"), "asking");
  try {
    const request = parseGiven(text);
    const before = await lookAt(request, member);
    say(at("status"), "");
    if (before === null) {
      pending = text;
      return show("pin");
    }
    acting.showAct(review(request, before, member, kit.keys, Math.floor(Date.now() / 1_000)), member, kit);
    at("request-text").value = "";
  } catch (error) {
    acting.showRefusal(error);
  }
}

function start() {
  at("start-waiting").hidden = waiting === "";
  show("start");
}

onForm("kit-form", "kit-wrong", () => useKit(parseMember(at("kit-name").value), kitFromTyped(at("kit-words").value)));
onTextFile("kit-file", "kit-wrong", { most: MAX_KIT_FILE, noText: "keyfile/kind" }, (text) => {
  const found = parseKitFile(text);
  return useKit(found.member, found.kit);
});
onForm("make-form", "make-wrong", () => {
  member = parseMember(at("make-name").value);
  kit = newKit();
  sheet.fill(member, kit);
  show("sheet");
});
onForm("prove-form", "prove-wrong", () => {
  if (!sheet.isProved()) return say(at("prove-wrong"), "prove-wrong", { place: sheet.place() });
  return useKit(member, kit);
});
onForm("request-form", "request-wrong", () => takeRequest(at("request-text").value));
onTextFile("request-file", "request-wrong", { most: MAX_REQUEST_BYTES, noText: "request/text", tooLarge: "request/too-large" }, takeRequest);

/** Show the six words of a pin that was given, for its member to compare. */
function offerPin(text) {
  offered = readPin(text);
  const asked = parseGiven(pending);
  if (offered.pin.org !== asked.org) throw new Refusal("request/other-org", "the pin is of another organisation than the request");
  say(at("compare-words"), "pin-six", { words: offered.words });
  show("compare");
}

onForm("pin-form", "pin-wrong", () => offerPin(at("pin-text").value));
onTextFile("pin-file", "pin-wrong", { most: 2 * MAX_PIN_BYTES, noText: "pin/form" }, offerPin);
at("pin-scan").addEventListener("click", () =>
  scan("pin", (text) => {
    try {
      offerPin(text);
    } catch (error) {
      wrong("pin-wrong", error);
    }
  }),
);
at("pin-same").addEventListener("click", () => {
  usePin(offered, at("pin-keep").checked);
  at("pin-text").value = "";
  return takeRequest(pending);
});
at("start-have").addEventListener("click", () => show("kit"));
at("start-make").addEventListener("click", () => show("make"));
at("sheet-done").addEventListener("click", () => {
  show("prove");
  sheet.ask();
});
at("kit-scan").addEventListener("click", () =>
  scan("kit", (text) => {
    try {
      return useKit(parseMember(at("kit-name").value), kitFromTyped(text));
    } catch (error) {
      // The code was read, and the name is still missing: it need not be scanned again.
      at("kit-words").value = error.code === "id/member" ? text : "";
      wrong("kit-wrong", error);
    }
  }),
);
at("request-scan").addEventListener("click", () => scan("request", takeRequest));
at("forget").addEventListener("click", forget);
at("forget-done").addEventListener("click", forget);

/** What stands behind the # of the page's own address, if anything; it leaves the address, so that no history keeps it. */
function takeFragment() {
  const found = location.hash.slice(1);
  if (found === "") return;
  history.replaceState(null, "", location.pathname + location.search);
  waiting = found;
  if (kit !== null) useKit(member, kit);
  else start();
}

window.addEventListener("hashchange", takeFragment);
recallPins();
offerLanguages(at("language"));
start();
takeFragment();
