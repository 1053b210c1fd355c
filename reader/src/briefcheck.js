// What the verifier says of a brief proof, given the pin that its reader took from elsewhere: the verdicts of docs/formats/verdicts.md, and in sentences why.

import { checkBrief, parseBrief } from "./brief.js";
import { judgeBrief, shownEntry, shownProposal, unwitnessed } from "./briefverdict.js";
import { utf8 } from "./bytes.js";
import { Refusal, demand } from "./errors.js";
import { parsePin, pinFingerprint } from "./pin.js";
import { parseText } from "./text.js";

const SILENT = ["epochs", "partners"];

/** Whether what a reader trusts is a pin. */
export function isPin(trust) {
  return trust.trimStart().startsWith("{");
}

/** The pin of a field that may have been filled with spaces around it. */
export function pinOf(trust) {
  return parsePin(utf8(trust.trim()));
}

/** The answer on a brief proof, as `judge` of check.js gives it. */
export function checkGivenBrief({ raw, trust, org, now }, step) {
  const brief = parseBrief(raw);
  if (trust.trim() === "") return { verdict: "cannot-judge", facts: [fact("no-pin"), fact("rests-nothing")] };
  step.field = "trust";
  const pin = pinOf(trust);
  step.field = "raw";
  demand(org === "" || org === pin.org, "brief/other-org", `your pin is of ${pin.org}, and you gave ${org}`);
  const checked = checkBrief(brief, pin);
  const told = judgeBrief(checked, now);
  const facts = [...about(checked), ...because(told), ...unwitnessed(checked).map((epoch) => fact("brief-unwitnessed", { epoch }))];
  facts.push(fact("rests-partners", { names: checked.validators.join(", "), time: checked.time }));
  facts.push(fact("pin-words", { words: pinFingerprint(pin).join(" ") }));
  const texts = ["not-official", "cannot-judge"].includes(told.code) ? [] : textsOf(checked);
  return { verdict: told.code, facts, texts, with: { time: checked.time } };
}

function about(checked) {
  const { entry, values, pin } = checked;
  if (entry === null) {
    const shown = [...values].map(([place, value]) => [place.replace("\n", "/"), value]).filter(([key]) => !SILENT.includes(key.split("/")[0]));
    return [fact("brief-org", { org: pin.org }), ...shown.map(([key, value]) => (value === null ? fact("brief-nothing", { key }) : fact("brief-shown", { key })))];
  }
  const facts = [fact("brief-entry", { index: entry.index, org: pin.org })];
  const parsed = shownEntry(checked);
  if (parsed === null) return facts;
  facts.push(parsed.type === "propose" ? fact("entry-proposal", { kind: parsed.body.kind }) : fact("entry", { type: parsed.type }));
  const names = Object.keys(shownProposal(checked, parsed)?.approvals ?? {});
  return names.length > 0 ? [...facts, fact("brief-approved", { names: names.join(", ") })] : facts;
}

function because({ code, why, with: values }) {
  if (code === "official-freshness-unknown" && why === "") return [fact("why-fresh")];
  if (why === "no-entry") return [fact("no-entry")];
  return why === "" ? [] : [{ say: `why-${why}`, with: values }];
}

/** The texts that what is shown was decided about, as far as they are there. */
function textsOf({ values, texts }) {
  const payloads = [...values].flatMap(([place, value]) => [place.startsWith("proposals\n") ? value?.payload : value?.value]);
  const digests = [...new Set(payloads.map((payload) => payload?.text))].filter((digest) => texts.has(digest));
  return digests.map((digest) => orNull(parseText, texts.get(digest))).filter((text) => text !== null);
}

function orNull(parse, value) {
  try {
    return parse(value);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** One sentence (strings/*.json) and the values in it. */
export function fact(say, values = {}) {
  return { say, with: values };
}
