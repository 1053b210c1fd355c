// Checkpoints and cosignatures (C2SP tlog-checkpoint v1.0.0; tlog-cosignature, Ed25519 v1), the twin of kernel/tlog/checkpoint.py.
//
// Sizes and times are BigInts: they go up to 2^63 - 1.

import { decode } from "./base64.js";
import { demand } from "./errors.js";
import { COSIGNATURE, checkNoteText } from "./notekeys.js";
import { openNote } from "./notes.js";

export const MAX_SIZE = 2n ** 63n - 1n;
const DECIMAL = /^(?:0|[1-9][0-9]{0,18})$/;

/** The checkpoint {origin, size, root, extensions} of a note's text; nothing is verified. Refused with checkpoint/..., decimal/... or base64/... */
export function parseCheckpoint(text) {
  demand(text.endsWith("\n"), "checkpoint/malformed", "a checkpoint ends with a newline, and this text does not");
  const [origin, size, root, ...extensions] = text.slice(0, -1).split("\n");
  demand(root !== undefined, "checkpoint/malformed", "a checkpoint has at least three lines");
  const checkpoint = {
    origin,
    size: parseDecimal(size, "size of the checkpoint"),
    root: decode(root, 32, "root of the checkpoint"),
    extensions,
  };
  for (const line of [origin, ...extensions]) {
    demand(line !== "", "checkpoint/malformed", "a checkpoint's origin and extensions are lines that are not empty");
    checkNoteText(`${line}\n`);
  }
  return checkpoint;
}

/**
 * The checkpoint that one of *logKeys* signed, with the times of those *cosigners* that cosigned it: {checkpoint, note, cosignatures: Map(key id ->
 * time)}. Without *origin* it must be the name of a log key that signed, so that no log can speak for another. Refused with checkpoint/no-log,
 * checkpoint/origin, checkpoint/key-kind, or as openNote and parseCheckpoint do.
 */
export function openCosigned(raw, logKeys, cosigners = [], origin = null) {
  for (const key of logKeys) demand(key.kind !== COSIGNATURE, "checkpoint/key-kind", `${key.name} is a cosigner's key, and a log's key is needed`);
  cosigners.forEach(checkCosigner);
  const note = openNote(raw, [...logKeys, ...cosigners]);
  const signers = note.verified.filter(({ key }) => key.kind !== COSIGNATURE).map(({ key }) => key.name);
  demand(signers.length > 0, "checkpoint/no-log", "cosigners signed the checkpoint, and no known log did");
  const checkpoint = parseCheckpoint(note.text);
  const expected = origin === null ? signers : [origin];
  demand(
    expected.includes(checkpoint.origin),
    "checkpoint/origin",
    `the checkpoint is of the log ${checkpoint.origin}, and ${expected.join(" or ")} is expected`,
  );
  const cosignatures = new Map();
  for (const { key, signature } of note.verified) {
    if (key.kind === COSIGNATURE) cosignatures.set(key.id, key.signedTime(signature));
  }
  return { checkpoint, note, cosignatures };
}

/** The time of a cosignature, in POSIX seconds, once it is verified; refused with checkpoint/key-kind or note/bad-signature. */
export function verifyCosignature(text, key, signature) {
  checkCosigner(key);
  key.verify(text, signature);
  return key.signedTime(signature);
}

/** The number of *text*, in plain decimal without leading zeros, up to 2^63 - 1; refused with decimal/malformed. */
export function parseDecimal(text, what) {
  const number = DECIMAL.test(text) ? BigInt(text) : MAX_SIZE + 1n;
  demand(number <= MAX_SIZE, "decimal/malformed", `the ${what} is not a decimal number without leading zeros`);
  return number;
}

function checkCosigner(key) {
  demand(key.kind === COSIGNATURE, "checkpoint/key-kind", `${key.name} is a key of kind 0x0${key.kind}, and a cosigner's key (0x04) is needed`);
}
