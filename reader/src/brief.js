// Brief proofs: a few values of an organisation's state and one entry, on the word of the partners that a reader has pinned
// (docs/formats/brief-proof.md), the twin of kernel/record/brief.py.
//
// Nothing in the file is believed but what partners of the pin have signed, as many as its policy asks for: for the *state* with their validating keys,
// for the *time* with their mirror keys. What validators sign follows from the entries alone, so the time of their signatures says nothing.
//
// What a reader is told of it is briefverdict.js.

import { decode } from "./base64.js";
import { hex, same, sha256, utf8 } from "./bytes.js";
import { hasExactly, isObject, parseCanonical } from "./canonical.js";
import { openCosigned, parseCheckpoint } from "./checkpoint.js";
import { Refusal, demand } from "./errors.js";
import { leafHash, verifyInclusion } from "./merkle.js";
import { openNote, parseNote } from "./notes.js";
import { isPartners, policyOf } from "./partners.js";
import { parseOrigin } from "./pin.js";
import { shows, verifyAbsent, verifyPresent } from "./stateproof.js";
import { openVouched } from "./statements.js";
import { MAX_ENTRY_BYTES } from "./unsigned.js";

export const FORM = "commonhold/brief/v1";
export const MAX_BRIEF_BYTES = 8 << 20;
export const MAX_VALUES = 256;
/** Values that a partner shows in one answer. */
export const PAIRS = 16;
const MAX_TEXTS = 16;
const MAX_NESTED = 2_000;
const MAX_COMMAS = 20_000;
const MAX_EPOCHS = 16;
const [OPEN_OBJECT, OPEN_LIST, COMMA, NEWLINE] = utf8("{[,\n");

/**
 * The file {org, checkpoint, state, values: [{part, key, proof}], entry: {leaf, index, hashes} | null, texts: Map}; nothing in it is believed. Refused
 * with brief/parts, brief/form, brief/shape, brief/twice, brief/leaf, canonical/... or base64/...
 */
export function parseBrief(raw) {
  // Counted before anything is built: a file of a million empty lists would take many times its size in memory.
  let nested = 0;
  let commas = 0;
  for (const byte of raw) {
    nested += byte === OPEN_OBJECT || byte === OPEN_LIST;
    commas += byte === COMMA;
  }
  demand(nested <= MAX_NESTED && commas <= MAX_COMMAS, "brief/parts", "the brief proof has more parts than any proof needs");
  return briefOf(parseCanonical(raw.at(-1) === NEWLINE ? raw.subarray(0, -1) : raw, MAX_BRIEF_BYTES, "the brief proof"));
}

/** The brief proof of a canonical value, as it stands in a file or inside another. */
export function briefOf(value) {
  demand(value?.form === FORM, "brief/form", "this is not a brief proof");
  const fields = ["form", "org", "checkpoint", "state", "values", "texts"];
  const isShaped =
    hasExactly(value, value.entry === undefined ? fields : [...fields, "entry"]) &&
    isDigest(value.org) &&
    isText(value.checkpoint) &&
    isText(value.state) &&
    Array.isArray(value.values) &&
    value.values.length <= MAX_VALUES &&
    value.values.every(isShown) &&
    isObject(value.texts) &&
    Object.keys(value.texts).length <= MAX_TEXTS &&
    Object.entries(value.texts).every(([digest, text]) => isDigest(digest) && isText(text)) &&
    (value.entry === undefined || isLeaf(value.entry));
  demand(isShaped, "brief/shape", "the brief proof has a part of the wrong shape");
  const values = value.values.map(({ part, key, count, leaves }) => ({ part, key, proof: { count: BigInt(count), leaves: leaves.map(leafOf) } }));
  demand(new Set(values.map(placeOf)).size === values.length, "brief/twice", "the brief proof shows one key of the state twice");
  const entry = value.entry === undefined ? null : leafOf(value.entry);
  demand(entry === null || entry.leaf.length <= MAX_ENTRY_BYTES, "brief/leaf", `an entry has at most ${MAX_ENTRY_BYTES} bytes`);
  const texts = new Map(Object.entries(value.texts).map(([digest, text]) => [digest, decode(text, null, "text")]));
  return { org: value.org, checkpoint: utf8(value.checkpoint), state: utf8(value.state), values, entry, texts };
}

/**
 * What a brief proof shows, if the partners of *pin* (pin.js) have signed for it as its policy asks: {size, root, origin, epoch, time, values: Map(place ->
 * value or null, see `placeOf`), entry, texts, validators: [name], mirrors: Map(name -> time), lives, pin}. `lives` says whether the members have decided that
 * the organisation goes on in this epoch. Refused with brief/other-org, brief/other-log, brief/other-checkpoint, brief/validators, brief/mirrors,
 * brief/epochs, brief/count, brief/text, brief/value, or as its signatures and proofs are.
 */
export function checkBrief(brief, pin) {
  const { vouched, validators, epoch } = checkState(brief, pin);
  const values = checkValues(brief, vouched);
  const lives = checkEpochs(values, vouched.origin, pin.epoch, epoch);
  const { checkpoint, mirrors, time } = checkHead(brief, pin, vouched.origin, values.get(placeOf({ part: "partners", key: "policy" })) ?? null);
  const isSame = checkpoint.origin === vouched.origin && checkpoint.size === vouched.size && same(checkpoint.root, vouched.root);
  demand(isSame, "brief/other-checkpoint", `the checkpoint is of size ${checkpoint.size} and the statement about the state of size ${vouched.size}, or their roots or logs differ`);
  if (brief.entry !== null) verifyInclusion(brief.entry.index, vouched.size, leafHash(brief.entry.leaf), brief.entry.hashes, vouched.root);
  for (const [name, text] of brief.texts) demand(hex(sha256(text)) === name, "brief/text", "a text in the brief proof is not the one that the record names");
  const { size, root, origin } = vouched;
  return { size, root, origin, epoch, time, values, entry: brief.entry, texts: brief.texts, validators, mirrors, lives, pin };
}

/** What the key of a shown value is called in `values`. */
export function placeOf({ part, key }) {
  return `${part}\n${key}`;
}

function checkState(brief, pin) {
  checkOrg(brief.org, pin);
  const { statement, times } = openVouched(brief.state, [...pin.validators.values()]);
  const { org, epoch } = parseOrigin(statement.origin);
  checkOrg(org, pin);
  demand(epoch !== pin.epoch || statement.origin === pin.origin, "brief/other-log", `this is of another log of epoch ${epoch} than your pin's`, { origin: statement.origin });
  const signed = [...pin.validators].filter(([, key]) => times.has(key.id)).map(([name]) => name).sort();
  demand(pin.policy.time(new Map(signed.map((name) => [name, 0n]))) !== null, "brief/validators", tooFew("vouched for this state", signed), { have: signed });
  return { vouched: statement, validators: signed, epoch };
}

function checkOrg(org, pin) {
  demand(org === pin.org, "brief/other-org", `this is of the organisation ${org}, and your pin is of ${pin.org}`, { org });
}

function checkValues(brief, { digest, count }) {
  const values = new Map();
  for (const { part, key, proof } of brief.values) {
    demand(proof.count === count, "brief/count", `a proof is of a state with ${proof.count} values, and this one has ${count}`);
    if (shows(proof, part, key)) {
      values.set(placeOf({ part, key }), verifyPresent(proof, digest, part, key));
    } else {
      verifyAbsent(proof, digest, part, key);
      values.set(placeOf({ part, key }), null);
    }
  }
  return values;
}

/**
 * Whether the members decided each epoch after the pinned one. An epoch that somebody has opened has the whole state of the branch in it, and partners
 * follow it before anything is decided, so their statement about it does not say that the organisation lives there. Its state does.
 */
function checkEpochs(values, origin, pinned, epoch) {
  const wrong = () => new Refusal("brief/epochs", `your pin is of epoch ${pinned}, and the proof is of epoch ${epoch} without showing how the members got there`, { epoch });
  if (epoch - pinned > MAX_EPOCHS) throw wrong();
  const epochs = [];
  for (let number = pinned + 1; number <= epoch; number++) {
    const value = values.get(placeOf({ part: "epochs", key: String(number) })) ?? null;
    if (value === null) throw wrong();
    const isEpoch = isText(value.origin) && isText(value.proposal ?? "");
    demand(isEpoch, "brief/value", "a value of the part epochs has a form that this version does not know");
    epochs.push(value);
  }
  const last = epochs.at(-1);
  demand(last === undefined || last.origin === origin, "brief/other-log", `the state is of the log ${origin}, and says that its epoch is that of another`);
  return epochs.every(({ proposal }) => (proposal ?? "") !== "");
}

/**
 * The checkpoint, when partners signed it, and the time that this gives. Where the state shows the policy that is in force by now, it is that policy's
 * time; the partners of the pin are heard too, for a policy that nobody has met yet must not silence those whom the reader knows.
 */
function checkHead(brief, pin, origin, inForce) {
  const policies = [pin.policy];
  if (inForce !== null) {
    demand(isPartners(inForce), "brief/value", "a value of the part partners has a form that this version does not know");
    policies.unshift(policyOf(inForce));
  }
  const keys = [...new Map(policies.flatMap(({ witnesses }) => [...witnesses.values()]).map((key) => [key.toString(), key])).values()];
  let checkpoint;
  let cosignatures;
  if (origin === pin.origin) {
    ({ checkpoint, cosignatures } = openCosigned(brief.checkpoint, [pin.logKey], keys, origin));
  } else {
    // The key of a later log is not known here. A mirror signs nothing that the log has not signed.
    const note = openNote(brief.checkpoint, keys);
    checkpoint = parseCheckpoint(note.text);
    cosignatures = new Map(note.verified.map(({ key, signature }) => [key.id, key.signedTime(signature)]));
  }
  let mirrors = new Map();
  for (const policy of policies) {
    mirrors = new Map([...policy.witnesses].filter(([, key]) => cosignatures.has(key.id)).map(([name, key]) => [name, cosignatures.get(key.id)]));
    const time = policy.time(mirrors);
    if (time !== null) return { checkpoint, mirrors, time };
  }
  const have = [...mirrors.keys()].sort();
  throw new Refusal("brief/mirrors", tooFew("cosigned this checkpoint", have), { have });
}

/**
 * One brief proof for each thing that was said, with the signatures of all who said it and all that they show; the most signed first. An answer that cannot be
 * read is left out, and so is every signature that is not valid under a key of *pin* or of *mirrors*.
 */
export function mergeBriefs(briefs, pin, mirrors = []) {
  const said = new Map();
  for (const brief of briefs) {
    const notes = [brief.checkpoint, brief.state].map((raw) => orNull(parseNote, raw));
    if (notes.includes(null)) continue;
    const about = [brief.org, ...notes.map(({ text }) => text)].join("\n\n");
    said.set(about, [...(said.get(about) ?? []), { brief, notes }]);
  }
  const cosigners = [pin.logKey, ...pin.policy.witnesses.values(), ...mirrors];
  const merged = [...said.values()].map((group) => {
    const checkpoint = gathered(group.map(({ brief, notes }) => [brief.checkpoint, notes[0]]), cosigners);
    const state = gathered(group.map(({ brief, notes }) => [brief.state, notes[1]]), [...pin.validators.values()]);
    const all = group.map(({ brief }) => brief);
    const values = [...new Map(all.flatMap((brief) => brief.values).map((shown) => [placeOf(shown), shown])).values()];
    const entry = all.find((brief) => brief.entry !== null)?.entry ?? null;
    const texts = new Map(all.flatMap((brief) => [...brief.texts]));
    return { signers: state.signers, brief: { org: all[0].org, checkpoint: checkpoint.raw, state: state.raw, values, entry, texts } };
  });
  return merged.sort((one, other) => other.signers - one.signers).map(({ brief }) => brief);
}

/** The notes of one text as one, with the newest valid signature of each key and the log's own, and how many keys signed. */
function gathered(notes, keys) {
  const [[first, { text }]] = notes;
  const [origin] = text.split("\n");
  const known = new Map(keys.map((key) => [key.id, key]));
  const found = new Map();
  let signers = 0;
  for (const signature of notes.flatMap(([, note]) => note.signatures)) {
    const key = known.get(signature.by);
    const earlier = found.get(signature.by);
    if (key === undefined) {
      // The log of a later epoch, whose key the pin does not know; its line is kept for those who do.
      if (signature.name === origin && ![...found.values()].some(({ name }) => name === origin)) found.set(signature.by, signature);
    } else if (isValidBy(key, text, signature)) {
      signers += earlier === undefined;
      if (earlier === undefined || (key.signedTime(signature) ?? 0n) > (key.signedTime(earlier) ?? 0n)) found.set(signature.by, signature);
    }
  }
  const raw = found.size === 0 ? first : utf8(`${text}\n${[...found.values()].map((signature) => signature.line).join("")}`);
  return { raw, signers };
}

function isValidBy(key, text, signature) {
  return orNull(() => key.verify(text, signature) ?? true) !== null;
}

function orNull(work, value) {
  try {
    return work(value);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

function tooFew(did, have) {
  return `too few of the partners of your pin have ${did}: ${have.join(", ") || "none of them"}`;
}

function leafOf({ leaf, index, hashes }) {
  return { leaf: decode(leaf, null, "leaf"), index: BigInt(index), hashes: hashes.map((hash) => decode(hash, 32, "hash")) };
}

const isText = (value) => typeof value === "string";
const isDigest = (value) => isText(value) && /^[0-9a-f]{64}$/.test(value);
const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const isLeaf = (value) => hasExactly(value, ["leaf", "index", "hashes"]) && isText(value.leaf) && isCount(value.index) && Array.isArray(value.hashes) && value.hashes.every(isText);
const isShown = (value) =>
  hasExactly(value, ["part", "key", "count", "leaves"]) &&
  isText(value.part) &&
  isText(value.key) &&
  isCount(value.count) &&
  Array.isArray(value.leaves) &&
  value.leaves.length <= 2 &&
  value.leaves.every(isLeaf);
