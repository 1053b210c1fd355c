// Proof files: what one file shows of one entry, offline (docs/formats/proof-file.md), the twin of kernel/record/prooffile.py.
//
// `parseProofFile` reads one exactly as Python does. `checkProofFile` checks everything that takes no replay: the founding, the log's signature, the
// tree, the texts, and signatures with the founders' kits. It does not fold the entries under the charter's rules, so it never says that anything is official:
// the answer is "cannot judge", with what was found. State proofs are only held to agree with each other, for no replay gives their digest here.

import { decode } from "./base64.js";
import { hex, same, sha256, utf8 } from "./bytes.js";
import { hasExactly, isObject, parseCanonical } from "./canonical.js";
import { openCosigned } from "./checkpoint.js";
import { isSignedBy, parseEntry } from "./entry.js";
import { Refusal, demand } from "./errors.js";
import { kitKeyId, parseKit } from "./keys.js";
import { leafHash, rootOf, verifyInclusion } from "./merkle.js";
import { VerifierKey } from "./notekeys.js";
import { digestOf, verifyPresent } from "./stateproof.js";
import { parseText } from "./text.js";
import { parseProof } from "./tlogproof.js";
import { MAX_ENTRY_BYTES } from "./unsigned.js";

export const FORM = "commonhold/proof/v1";
const MAX_PROOF_FILE_BYTES = 64 << 20;
const MAX_LEAVES = 100_000;
const MAX_NESTED = 10_000;
// A founding of at most 65,535 bytes lists some three hundred members: each may accept it and approve a proposal, and strangers' copies have room too.
const MAX_CHECKED = 1_000;
const FIELDS = ["form", "org", "proof", "leaves", "state", "texts"];
const [OPEN_OBJECT, OPEN_LIST, COMMA, NEWLINE] = utf8("{[,\n");

/** The file {org, proof, leaves, state: [{part, key, proof}], texts: Map}; nothing in it is believed. Refused with prooffile/..., or as its parts are. */
export function parseProofFile(raw) {
  // Counted before anything is built: a file of a million empty lists would take many times its size in memory.
  let nested = 0;
  let commas = 0;
  for (const byte of raw) {
    nested += byte === OPEN_OBJECT || byte === OPEN_LIST;
    commas += byte === COMMA;
  }
  demand(nested <= MAX_NESTED && commas <= MAX_LEAVES + MAX_NESTED, "prooffile/parts", "the proof file has more parts than any proof needs");
  const value = parseCanonical(raw.at(-1) === NEWLINE ? raw.subarray(0, -1) : raw, MAX_PROOF_FILE_BYTES, "the proof file");
  demand(hasExactly(value, FIELDS) && value.form === FORM, "prooffile/form", "this is not a proof file");
  const { org, leaves, state, texts } = value;
  const isShaped =
    typeof org === "string" && typeof value.proof === "string" && isTexts(leaves) && Array.isArray(state) && isObject(texts) && isTexts(Object.values(texts));
  demand(isShaped && 1 <= leaves.length && leaves.length <= MAX_LEAVES, "prooffile/shape", "the proof file has a part of the wrong shape");
  const file = {
    org,
    proof: parseProof(utf8(value.proof)),
    leaves: leaves.map((leaf) => decode(leaf, null, "leaf")),
    state: state.map(parseStateLeaf),
    texts: new Map(Object.entries(texts).map(([digest, text]) => [digest, decode(text, null, "text")])),
  };
  for (const leaf of file.leaves) {
    demand(leaf.length <= MAX_ENTRY_BYTES, "prooffile/leaf", `the proof file holds a leaf of ${leaf.length} bytes, and an entry has at most ${MAX_ENTRY_BYTES}`);
  }
  return file;
}

/**
 * What a proof file shows without a replay; refused with record/..., prooffile/... or as its parts are.
 *
 * Gives {org, origin, size, index, entry, signature, founders: {listed, accepted}, approvals, texts}: `entry` is null if that leaf is none;
 * `signature` is "founder" (valid, with the kit that the founding lists for its author), "named" (valid, by a key that the record mentions and that
 * may be anybody's), "passkey" or "unknown" (neither is checked here), "bad", or "none" (an attest); `accepted` and `approvals` are founders whose
 * signature with that kit is valid, on the founding and on the entry's proposal, whether it counts or not; `texts` has the one that the proposal names.
 * @param {string} org the organisation's id as the reader knows it from elsewhere, or empty
 */
export function checkProofFile(file, org = "") {
  const founding = parseEntry(file.leaves[0]);
  demand(founding.type === "found", "record/no-founding", `the record begins with a ${founding.type} entry, not with a founding`);
  demand(founding.id === (org || file.org), "record/other-org", `this is a proof from the record of ${founding.id}, not of ${org || file.org}`);
  demand(founding.id === file.org, "prooffile/org", `the proof file says ${file.org}, and its record is that of ${founding.id}`);
  const key = decode(founding.body.log_key, 32, "log key");
  const logKey = new VerifierKey(`commonhold/${founding.id}/0/${hex(sha256(key))}`, key);
  const { checkpoint } = openCosigned(file.proof.checkpointRaw, [logKey], [], logKey.name);
  const hashes = file.leaves.map(leafHash);
  demand(
    checkpoint.size === BigInt(hashes.length) && same(rootOf(hashes), checkpoint.root),
    "record/root",
    `the ${hashes.length} entries do not fold to the root that the log signed at size ${checkpoint.size}`,
  );
  demand(file.proof.index < checkpoint.size, "prooffile/index", `the proof file is about entry ${file.proof.index}, and holds ${hashes.length}`);
  const index = Number(file.proof.index);
  verifyInclusion(file.proof.index, checkpoint.size, hashes[index], file.proof.hashes, checkpoint.root);
  for (const [name, text] of file.texts) demand(hex(sha256(text)) === name, "prooffile/text", "a text in the proof file is not the one that the record names");
  const [first] = file.state;
  // One digest for all of them; whose it is, only a replay would show.
  for (const { part, key: name, proof } of file.state) verifyPresent(proof, digestOf(first.proof), part, name);
  return { org: founding.id, origin: logKey.name, size: hashes.length, index, ...about(file, founding, index) };
}

function about(file, founding, index) {
  const entries = file.leaves.map(entryOrNull);
  const founders = new Map(founding.body.members.map(({ member, kit }) => [member, signingKeyOf(kit)]));
  let checked = 0;
  // Whoever runs the log can append a proposal that mentions a key of theirs, and act under anybody's name with it. Without a replay only the founding
  // says whose a key is.
  const hasOwnKey = ({ by, key }) => founders.get(by)?.id === key;
  const isFounders = (entry) => {
    if (!hasOwnKey(entry)) return false;
    checked += 1;
    demand(checked <= MAX_CHECKED, "prooffile/signatures", `the proof file asks for more than ${MAX_CHECKED} signatures to be checked`);
    return isSignedBy(entry, founders.get(entry.by).sign);
  };
  const foundersWho = (type, field, id) => {
    // A set: one member who signs twice is one voice, and costs one check.
    const who = new Set();
    for (const entry of entries) {
      if (entry?.type === type && entry.body[field] === id && !who.has(entry.by) && isFounders(entry)) who.add(entry.by);
    }
    return [...who];
  };
  const entry = entries[index];
  const proposal = entry?.type === "propose" ? entry : entries.find((other) => other?.type === "propose" && other.id === entry?.body.proposal);
  // Only the text that the proposal names: a file may hold any other beside it.
  const text = file.texts.get(proposal?.body.payload.text);
  const signature = () => (hasOwnKey(entry) ? (isFounders(entry) ? "founder" : "bad") : strangers(entry, entries));
  return {
    entry,
    signature: entry === null ? "unknown" : (unchecked(entry) ?? signature()),
    founders: { listed: [...founders.keys()], accepted: foundersWho("accept", "of", founding.id) },
    approvals: proposal === undefined ? [] : foundersWho("approve", "proposal", proposal.id),
    texts: text === undefined ? [] : [textOrNull(text)].filter((shown) => shown !== null),
  };
}

/** What is said of a signature that is not checked here; undefined for a kit's. */
function unchecked({ sig }) {
  if (sig === null) return "none";
  return sig.kind === "webauthn" ? "passkey" : undefined;
}

/** What is said of a signature by a key that is not its author's in the founding: it may be any kit's that an entry mentions. */
function strangers(entry, entries) {
  for (const value of entries.flatMap((other) => (other === null ? [] : kitsIn(other)))) {
    // Its id first: to check that a key may be enrolled costs a thousand times as much.
    if (idOf(value) !== entry.key) continue;
    const own = signingKeyOf(value);
    if (own !== null) return isSignedBy(entry, own.sign) ? "named" : "bad";
  }
  return "unknown";
}

/** The values of kits that an entry mentions; whether they were ever enrolled is for a replay. */
function kitsIn({ type, body }) {
  if (type === "found") return body.members.map(({ kit }) => kit);
  return type === "propose" ? [body.payload.keys, body.payload.add, body.payload.kit].flat() : [];
}

/** The signing key of a kit's value, {id, sign}; null if it is none that may be enrolled. */
function signingKeyOf(value) {
  const kit = orNull(parseKit, value);
  return kit === null ? null : { id: kitKeyId(kit.sign), sign: kit.sign };
}

const idOf = (value) => (typeof value?.sign === "string" ? orNull((sign) => kitKeyId(decode(sign, 32, "key")), value.sign) : null);
const textOrNull = (raw) => orNull(parseText, raw);
const entryOrNull = (raw) => orNull(parseEntry, raw);

function orNull(parse, value) {
  try {
    return parse(value);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

function parseStateLeaf(value) {
  const { part, key, leaf, index, count, hashes } = hasExactly(value, ["part", "key", "leaf", "index", "count", "hashes"]) ? value : {};
  const isShaped = isTexts([part, key, leaf]) && Number.isInteger(index) && Number.isInteger(count) && isTexts(hashes);
  demand(isShaped, "prooffile/state", "a state proof has the wrong fields");
  const found = { leaf: decode(leaf, null, "leaf"), index: BigInt(index), hashes: hashes.map((hash) => decode(hash, 32, "hash")) };
  return { part, key, proof: { count: BigInt(count), leaves: [found] } };
}

function isTexts(values) {
  return Array.isArray(values) && values.every((value) => typeof value === "string");
}
