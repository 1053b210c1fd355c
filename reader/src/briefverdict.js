// Verdicts on a brief proof: what a reader is told who replayed nothing and asked partners (docs/formats/verdicts.md), the twin of
// kernel/record/briefverdict.py.
//
// A proof must show all that the answer hangs on, or nothing is said: whoever hands it over could otherwise leave out that a statement was struck.

import { placeOf } from "./brief.js";
import { isObject } from "./canonical.js";
import { parseEntry } from "./entry.js";
import { Refusal, demand } from "./errors.js";

export const FRESH_SECONDS = 3600n;
export const STALE_SECONDS = 7n * 86_400n;
export const AHEAD_SECONDS = 300n;
const ACTS = ["propose", "approve", "object", "confirm"];
const DECIDED = ["erasures", "resolutions", "resources", "statements", "works"];
// The status in which a person's place in the organisation counts, and those of people who left.
const STATUS = { members: "active", seats: "held" };
const GONE = ["departed", "expelled"];
// What changes the state by itself; any other kind is a resolution of the charter's own.
const STATE_KINDS =
  "admit amend appoint channel delegate depart dismiss emergency-release entrust erase expel partner publish recover-member release rotate-key seal statement succeed suspend-origin".split(" ");
const YES = ["official", "official-freshness-unknown"];

/**
 * The verdict {code, why, with} on all that a checked brief proof shows: on its entry, or on its values, of which every one must hold. `why` names the reason,
 * if there is one: epoch, old-epoch, ahead, old, never, struck, moved, status, no-seat, no-member, others, not-shown, no-entry, not-counted, not-enacted or type.
 * Refused with brief/value if the state holds what this version does not know.
 * @param {bigint} now the reader's clock, in POSIX seconds
 */
export function judgeBrief(checked, now) {
  if (checked.entry !== null) return judgeEntry(checked, now);
  const whole = judgeWhole(checked, now);
  const asked = [...checked.values.keys()].map((place) => place.split("\n")).filter(([part]) => part !== "epochs" && part !== "partners");
  const verdicts = asked.map(([part, ...key]) => judgeShown(checked, part, key.join("\n"), now));
  return verdicts.find((verdict) => !isYes(verdict)) ?? whole;
}

/** The verdict on the organisation as the proof shows it: whether it lives in this epoch, and how old the partners' word is. */
export function judgeWhole({ lives, epoch, pin, time }, now) {
  if (!lives) return verdict("not-official", "epoch", { epoch });
  if (epoch < pin.epoch) return verdict("stale", "old-epoch", { epoch, now: pin.epoch });
  if (time > now + AHEAD_SECONDS) return verdict("official-freshness-unknown", "ahead", { time });
  if (now - time <= FRESH_SECONDS) return verdict("official", "", { time });
  return now - time > STALE_SECONDS ? verdict("stale", "old", { time }) : verdict("official-freshness-unknown", "", { time });
}

/** The verdict on one key of the state that the proof shows. */
export function judgeShown(checked, part, key, now) {
  const whole = judgeWhole(checked, now);
  if (!isShown(checked, part, key)) return verdict("cannot-judge", "not-shown", { key: `${part}/${key}` });
  if (part === "channels") return judgeChannel(whole, checked, key);
  const value = valueOf(checked, part, key);
  if (DECIDED.includes(part) || value === null) return judgeDecided(whole, value);
  if (part === "proposals") return isYes(whole) ? judgeShownProposal(whole, checked, value, key) : whole;
  const usual = STATUS[part];
  if (usual === undefined || value.status === usual || !isYes(whole)) return whole;
  return verdict(GONE.includes(value.status) ? "struck" : "not-official", "status", { key: `${part}/${key}`, status: value.status });
}

function judgeShownProposal(whole, checked, proposal, id) {
  const hidden = (proposal.status === "enacted" ? decidedBy(proposal, id) : []).find(([part, key]) => !isShown(checked, part, key));
  if (hidden !== undefined) return verdict("cannot-judge", "not-shown", { key: hidden.join("/") });
  return holds(checked, proposal) ? judgeProposal(whole, checked, proposal, id) : verdict("not-official", "not-counted");
}

/** The entry of a checked brief proof; null if there is none, or it is none of this organisation. */
export function shownEntry({ entry, pin }) {
  if (entry === null) return null;
  try {
    const parsed = parseEntry(entry.leaf);
    return (parsed.type === "found" ? parsed.id : parsed.org) === pin.org ? parsed : null;
  } catch (error) {
    // Such a leaf stands in the log and counts for nothing.
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** What is shown of the proposal that an entry makes or acts on; null if it is about none, or that is not there. */
export function shownProposal(checked, entry) {
  const about = proposalOf(entry);
  return about === "" ? null : valueOf(checked, "proposals", about);
}

/** Epochs of which the state says that no partner witnessed how the organisation got there. */
export function unwitnessed({ values }) {
  return [...values].filter(([place, value]) => place.startsWith("epochs\n") && value?.unwitnessed === true).map(([place]) => place.split("\n")[1]);
}

function judgeEntry(checked, now) {
  const whole = judgeWhole(checked, now);
  const entry = shownEntry(checked);
  if (entry === null) return isYes(whole) ? verdict("not-official", "no-entry") : whole;
  const { type } = entry;
  if (!isYes(whole)) return whole;
  if (!ACTS.includes(type) && type !== "found" && type !== "accept") return verdict("cannot-judge", "type", { type });
  const proposal = shownProposal(checked, entry);
  for (const [part, key] of wanted(entry, proposal)) {
    if (!isShown(checked, part, key)) return verdict("cannot-judge", "not-shown", { key: `${part}/${key}` });
  }
  if (!counts(checked, entry, proposal)) return verdict("not-official", "not-counted");
  return proposal === null ? whole : judgeProposal(whole, checked, proposal, proposalOf(entry));
}

function judgeProposal(whole, checked, { kind, payload, status }, id) {
  if (status !== "enacted") return verdict("not-official", "not-enacted");
  if (kind === "channel") return payload.op === "strike" ? whole : judgeChannel(whole, checked, payload.op === "move" ? payload.to : payload.address);
  if (kind === "appoint") {
    const seat = valueOf(checked, "seats", `${payload.office}/${payload.member}`);
    if (seat?.status !== "held") return verdict("struck", "no-seat", { member: payload.member, office: payload.office });
  } else if (kind === "admit" || kind === "recover-member") {
    if (valueOf(checked, "members", payload.member)?.status !== "active") return verdict("struck", "no-member", { member: payload.member });
  } else if (kind === "entrust") {
    const current = valueOf(checked, "resources", payload.resource);
    if (current.proposal !== id) return verdict("struck", "others", { index: current.index, resource: payload.resource });
  }
  // A later decision on the same text or work has taken its place in the state; then there is nothing of this one left to be struck.
  const decided = decidedBy({ kind, payload }, id).map(([part, key]) => (DECIDED.includes(part) ? valueOf(checked, part, key) : null));
  const own = decided.find((value) => value !== null && value.proposal === id);
  return own === undefined ? whole : judgeDecided(whole, own);
}

function judgeChannel(whole, checked, address) {
  let at = valueOf(checked, "channels", address);
  const decided = at;
  const passed = new Set();
  let where = "";
  while (at?.status === "moved" && !passed.has(where)) {
    passed.add(where);
    where = textOf(at.value.to);
    at = valueOf(checked, "channels", where);
  }
  return judgeDecided(whole, decided, at !== null && statusOf(at) === "stands" ? where : "");
}

function judgeDecided(whole, decided, where = "") {
  if (!isYes(whole)) return whole;
  if (decided === null) return verdict("not-official", "never");
  if (statusOf(decided) === "stands") return whole;
  return where === "" ? verdict("struck", "struck", { index: decided.index }) : verdict("struck", "moved", { index: decided.index, address: where });
}

/** The id of the proposal that an entry makes or acts on; empty if it is about none. */
function proposalOf({ type, id, org, body }) {
  if (type === "accept") return body.of === org ? "" : body.of;
  return type === "propose" ? id : ACTS.includes(type) ? body.proposal : "";
}

/** The keys [part, key] of the state without which nobody can say what an entry amounts to now. */
function wanted(entry, proposal) {
  if (entry.type === "found") return [["rules", "charter"]];
  if (entry.type === "accept" && entry.body.of === entry.org) return [["members", entry.by]];
  const about = proposalOf(entry);
  return [["proposals", about], ...(proposal?.status === "enacted" ? decidedBy(proposal, about) : [])];
}

/** Where the state says what became of what a proposal decided. */
function decidedBy({ kind, payload }, id) {
  if (kind === "channel") return [payload.address, ...(payload.op === "move" ? [payload.to] : [])].map((address) => ["channels", textOf(address)]);
  if (kind === "statement") return [["statements", textOf(payload.text)]];
  if (kind === "publish") return [["works", textOf(payload.work)]];
  if (kind === "erase") return payload.objects.map((digest) => ["erasures", textOf(digest)]);
  if (kind === "entrust") return [["resources", textOf(payload.resource)]];
  if (kind === "appoint") return [["seats", `${textOf(payload.office)}/${textOf(payload.member)}`]];
  if (kind === "admit" || kind === "recover-member") return [["members", textOf(payload.member)]];
  return STATE_KINDS.includes(kind) ? [] : [["resolutions", id]];
}

/** Whether the state knows this act: the fold keeps of each member who acts on a proposal the act that counts. */
function counts(checked, entry, proposal) {
  const { type, by, key, org, body } = entry;
  if (type === "found") return true;
  if (type === "accept") {
    if (body.of === org) return valueOf(checked, "members", by)?.status === "active";
    return proposal?.kind === "appoint" && proposal.payload.member === by;
  }
  if (proposal === null) return false;
  if (!holds(checked, proposal)) return false;
  const acts = { approve: proposal.approvals, object: proposal.objections, confirm: proposal.confirms }[type];
  return acts === undefined || (Object.hasOwn(acts, by) && acts[by].key === key);
}

/** Whether what an enacted proposal about a resource decided is in the state at all, as it is in every honest one. */
function holds(checked, { kind, status, payload }) {
  return kind !== "entrust" || status !== "enacted" || valueOf(checked, "resources", payload.resource) !== null;
}

/** A value of the state, as an object; null where there is none or it is not shown. */
function valueOf({ values }, part, key) {
  const value = values.get(placeOf({ part, key })) ?? null;
  if (value === null) return null;
  const isKnown =
    isObject(value) &&
    (part !== "proposals" || (isObject(value.payload) && [value.approvals, value.objections, value.confirms].every(isObject))) &&
    (part !== "channels" || isObject(value.value));
  demand(isKnown || !["proposals", "channels", "seats", "members", ...DECIDED].includes(part), "brief/value", `a value of the part ${part} has a form that this version does not know`);
  return value;
}

function isShown({ values }, part, key) {
  return values.has(placeOf({ part, key }));
}

/** A decided thing's status, or a proposal's: what is left out is the default. */
function statusOf({ status }) {
  return status ?? "stands";
}

function textOf(value) {
  demand(typeof value === "string", "brief/value", "a payload has a form that this version does not know");
  return value;
}

function isYes({ code }) {
  return YES.includes(code);
}

function verdict(code, why = "", values = {}) {
  return { code, why, with: values };
}
