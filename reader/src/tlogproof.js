// Offline proofs: that an entry is in a log whose checkpoint is signed and cosigned (C2SP tlog-proof v1), the twin of kernel/tlog/proof.py.
//
// A proof holds an index, the inclusion hashes and the checkpoint, not the entry. Its `extra` line is nobody's statement: nothing signs it.

import { decode } from "./base64.js";
import { indexOf, textOf } from "./bytes.js";
import { parseCheckpoint, parseDecimal } from "./checkpoint.js";
import { Refusal, demand } from "./errors.js";
import { MAX_PROOF, verifyInclusion } from "./merkle.js";
import { MAX_NOTE_BYTES, parseNote } from "./notes.js";

export const HEADER = "c2sp.org/tlog-proof@v1";
const MAX_EXTRA_BYTES = 64 * 1024;
export const MAX_PROOF_BYTES = MAX_NOTE_BYTES + 2 * MAX_EXTRA_BYTES;
const EMPTY_LINE = Uint8Array.of(10, 10);

/** The proof {extra, index, hashes, checkpointRaw} of a proof file; nothing is verified. Refused with tlog-proof/..., or as its parts are. */
export function parseProof(raw) {
  demand(raw.length <= MAX_PROOF_BYTES, "tlog-proof/too-large", `the proof has ${raw.length} bytes, and at most ${MAX_PROOF_BYTES} are allowed`);
  const end = indexOf(raw, EMPTY_LINE);
  const head = end < 0 ? new Uint8Array() : raw.subarray(0, end);
  const lines = head.every((byte) => byte < 0x80) ? textOf(head, "tlog-proof/malformed", "the proof").split("\n") : [];
  if (lines.shift() !== HEADER) throw new Refusal("tlog-proof/malformed", `the file does not begin with ${HEADER} and is no proof`);
  let extra = null;
  if (lines[0]?.startsWith("extra ")) {
    extra = decode(lines.shift().slice("extra ".length), null, "extra data of the proof");
    demand(1 <= extra.length && extra.length <= MAX_EXTRA_BYTES, "tlog-proof/extra", `extra data has 1 to ${MAX_EXTRA_BYTES} bytes, this has ${extra.length}`);
  }
  demand(lines[0]?.startsWith("index "), "tlog-proof/malformed", "the proof has no index line");
  const index = parseDecimal(lines.shift().slice("index ".length), "index of the proof");
  demand(lines.length <= MAX_PROOF, "tlog-proof/too-many-hashes", `the proof has more than ${MAX_PROOF} hashes`);
  const hashes = lines.map((line) => decode(line, 32, "hash of the proof"));
  const checkpointRaw = raw.slice(end + 2);
  parseCheckpoint(parseNote(checkpointRaw).text);
  return { extra, index, hashes, checkpointRaw };
}

/**
 * What *policy* (policy.js) says of the proof's checkpoint, once *leaf* is proved to be in it: {checkpoint, times, time}. Refused with policy/...,
 * proof/..., or as openCosigned does.
 */
export function verifyProof(proof, leaf, policy) {
  const verified = policy.check(proof.checkpointRaw);
  verifyInclusion(proof.index, verified.checkpoint.size, leaf, proof.hashes, verified.checkpoint.root);
  return verified;
}
