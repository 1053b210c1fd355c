// What the verifier says of what somebody pasted or dropped: which thing it is, what was checked, and what that rests on.
//
// Pure: bytes and texts in, keys of sentences and values out (strings/*.json has the words). A refusal is an answer here, never an exception.
//
// "Official" takes a replay under the charter's rules, or partners who did one: it is said of brief proofs alone (briefcheck.js). Of a proof file it is
// said what can be known without a replay (not-official, cannot-judge), and of notes and offline proofs, which are no organisation's acts: holds. What is not
// as it should be is refused (mathematics says no) or unreadable.

import { FORM as BRIEF, MAX_BRIEF_BYTES } from "./brief.js";
import { checkGivenBrief, fact, isPin, pinOf } from "./briefcheck.js";
import { hex, indexOf, utf8 } from "./bytes.js";
import { parseCheckpoint } from "./checkpoint.js";
import { Refusal, demand } from "./errors.js";
import { leafHash } from "./merkle.js";
import { COSIGNATURE, VerifierKey } from "./notekeys.js";
import { openNote, parseNote } from "./notes.js";
import { Policy } from "./policy.js";
import { checkProofFile, parseProofFile } from "./prooffile.js";
import { HEADER, parseProof, verifyProof } from "./tlogproof.js";

const BRACE = utf8("{")[0];
const SIGNATURES = utf8("\n\n\u2014 ");
const IS_POLICY = /^\s*(?:log|witness|group|quorum)\s/m;
// Where the form is right and the mathematics is not.
const SAYS_NO = [
  /^proof\//,
  /^state\/(?!leaf)/,
  /^note\/(?:bad-signature|no-known-key)$/,
  /^checkpoint\/(?:origin|no-log)$/,
  /^policy\/not-met$/,
  /^record\/(?:root|other-org)$/,
  /^prooffile\/(?:org|index|text)$/,
  /^brief\/(?:other-org|other-log|other-checkpoint|validators|mirrors|epochs|count|text)$/,
];

/**
 * The answer {kind, verdict, facts: [{say, with}], texts, code, detail} on what was given.
 *
 * @param {Uint8Array} raw a brief proof, a proof file, an offline proof or a signed note
 * @param {string} trust a pin, or vkeys, one a line, or a policy; may be empty
 * @param {Uint8Array | null} entry the entry's exact bytes, for an offline proof
 * @param {string} org the organisation's id as the reader knows it from elsewhere; may be empty
 * @param {bigint} now the reader's clock, in POSIX seconds
 */
export function judge({ raw, trust = "", entry = null, org = "", now }) {
  const kind = kindOf(raw);
  const step = { field: "raw" };
  try {
    return { kind, texts: [], ...CHECKS[kind]({ raw, trust, entry, now, org: org.replaceAll(/\s/g, "").toLowerCase() }, step) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const said = { kind, texts: [], code: error.code, detail: error.message };
    if (error.code === "prooffile/signatures") return { ...said, verdict: "cannot-judge", facts: [fact("too-many-signatures"), fact("rests-nothing")] };
    const verdict = SAYS_NO.some((pattern) => pattern.test(error.code)) ? "refused" : "unreadable";
    return { ...said, verdict, facts: [fact(reasonOf(error.code, step.field))] };
  }
}

/** What *raw* looks like; that it is one, only its parser says. */
export function kindOf(raw) {
  if (raw[0] === BRACE) return isBrief(raw) ? "brief-proof" : "proof-file";
  if (indexOf(raw.subarray(0, HEADER.length), utf8(HEADER)) === 0) return "tlog-proof";
  return indexOf(raw, SIGNATURES) >= 0 ? "note" : "unknown";
}

/** Whether a file says that it is a brief proof, which no other file can say without being refused as what it is. */
function isBrief(raw) {
  return raw.length <= MAX_BRIEF_BYTES + 1 && new TextDecoder("latin1").decode(raw).includes(`"form":"${BRIEF}"`);
}

const CHECKS = {
  "brief-proof": (given, step) => {
    checkOrg(given.org, step);
    return checkGivenBrief(given, step);
  },
  "proof-file": checkFile,
  "tlog-proof": checkOffline,
  note: checkNote,
  unknown: () => {
    throw new Refusal("check/unknown", "this is no proof file, no offline proof and no signed note");
  },
};

function checkOrg(org, step) {
  step.field = "org";
  demand(/^(?:[0-9a-f]{64})?$/.test(org), "check/org", "an organisation's id has 64 hexadecimal digits");
  step.field = "raw";
}

function checkFile({ raw, org }, step) {
  checkOrg(org, step);
  const found = checkProofFile(parseProofFile(raw), org);
  const { entry, founders } = found;
  const facts = [
    fact("in-record", { index: found.index, size: found.size, org: found.org }),
    fact(org === "" ? "org-unknown" : "org-known"),
    fact("founders", { accepted: founders.accepted.length, listed: founders.listed.length }),
  ];
  const counts = entry !== null && found.signature !== "bad";
  if (entry === null) facts.push(fact("no-entry"));
  else facts.push(fact(`signature-${found.signature}`, { by: entry.by }), aboutEntry(entry));
  if (found.approvals.length > 0) facts.push(fact("approvals", { count: found.approvals.length, names: found.approvals.join(", ") }));
  facts.push(fact(counts ? "no-replay" : "counts-for-nothing"), fact("rests-file"));
  return { verdict: counts ? "cannot-judge" : "not-official", facts, texts: counts ? found.texts : [] };
}

function aboutEntry({ type, body }) {
  return type === "propose" ? fact("entry-proposal", { kind: body.kind }) : fact("entry", { type });
}

function checkOffline({ raw, trust, entry }, step) {
  const proof = parseProof(raw);
  const policy = policyOf(trust, step);
  if (policy.logs.length === 0) return { verdict: "cannot-judge", facts: [fact("no-trust"), fact("rests-nothing")] };
  if (entry === null) return { verdict: "cannot-judge", facts: [fact("no-entry-given"), fact("rests-nothing")] };
  const verified = verifyProof(proof, leafHash(entry), policy);
  return { verdict: "holds", facts: [fact("in-log", { index: proof.index, ...headOf(verified.checkpoint) }), ...cosigners(verified), restsOn(verified)] };
}

function checkNote({ raw, trust }, step) {
  const note = parseNote(raw);
  const policy = policyOf(trust, step);
  const keys = [...policy.logs, ...policy.witnesses.values()];
  const claimed = [...new Set(note.signatures.map(({ name }) => name))].join(", ");
  if (keys.length === 0) return { verdict: "cannot-judge", facts: [fact("no-trust"), fact("claimed", { names: claimed }), fact("rests-nothing")] };
  if (policy.logs.length > 0 && isCheckpoint(note.text)) {
    const verified = policy.check(raw);
    return { verdict: "holds", facts: [fact("checkpoint", headOf(verified.checkpoint)), ...cosigners(verified), restsOn(verified)], texts: [note.text] };
  }
  const opened = openNote(raw, keys);
  const names = opened.verified.map(({ key }) => key.name).join(", ");
  return { verdict: "holds", facts: [fact("signed-by", { names, unknown: opened.unknown }), fact("rests-keys")], texts: [opened.text] };
}

/** What the reader trusts: a pin's policy, a policy file, or the keys of logs and of witnesses that all must have cosigned. */
function policyOf(trust, step) {
  step.field = "trust";
  const policy = isPin(trust) ? pinOf(trust).policy : IS_POLICY.test(trust) ? Policy.parse(utf8(trust.endsWith("\n") ? trust : `${trust}\n`)) : policyOfKeys(trust);
  step.field = "raw";
  return policy;
}

function policyOfKeys(trust) {
  const lines = trust.split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "").map((vkey) => VerifierKey.parse(vkey));
  const isWitness = ({ kind }) => kind === COSIGNATURE;
  return Policy.ofKeys(keys.filter((key) => !isWitness(key)), keys.filter(isWitness));
}

function isCheckpoint(text) {
  try {
    parseCheckpoint(text);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

function headOf({ origin, size, root }) {
  return { origin, size, root: hex(root) };
}

function cosigners({ times }) {
  return [...times].map(([name, time]) => fact("cosigned", { name: name.split("+")[0], time }));
}

function restsOn({ time }) {
  return time === null ? fact("rests-log") : fact("rests-witnesses", { time });
}

function reasonOf(code, field) {
  if (field !== "raw") return `bad-${field}`;
  const known = ["note/bad-signature", "note/no-known-key", "policy/not-met", "record/root", "record/other-org", "prooffile/text", "check/unknown", "brief/validators", "brief/mirrors", "brief/other-org", "brief/other-log", "brief/epochs"];
  if (known.includes(code)) return `because-${code.replace("/", "-")}`;
  return SAYS_NO.some((pattern) => pattern.test(code)) ? "because-mathematics" : "because-form";
}
