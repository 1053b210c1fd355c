// Signed notes: a text and the keys that signed it (C2SP signed-note v1.0.0), the twin of kernel/notes.py.
//
// A reader is configured with keys and believes nothing else: a signature by an unknown key is ignored, a bad signature by a known key refuses
// the whole note, and a note that no known key has signed is refused.

import { decode } from "./base64.js";
import { lastIndexOf, textOf } from "./bytes.js";
import { Refusal, demand } from "./errors.js";
import { KEY_ID_BYTES, Signature, checkNoteText } from "./notekeys.js";

export const MAX_NOTE_BYTES = 1 << 20;
export const MAX_SIGNATURES = 100;
const DASH = "\u2014";
const EMPTY_LINE = Uint8Array.of(10, 10);

/** The text and the signatures of a note, with nothing verified; refused with note/..., key/name or base64/... */
export function parseNote(raw, maxSize = MAX_NOTE_BYTES) {
  demand(raw.length <= maxSize, "note/too-large", `the note has ${raw.length} bytes, and at most ${maxSize} are allowed`);
  // The separator is the last empty line: a text may have empty lines of its own.
  const middle = lastIndexOf(raw, EMPTY_LINE);
  demand(
    middle >= 0 && raw.at(-1) === 10 && middle + 2 < raw.length,
    "note/malformed",
    "the note does not end with an empty line and signature lines",
  );
  const count = raw.subarray(middle + 2).reduce((sum, byte) => sum + (byte === 10), 0);
  demand(count <= MAX_SIGNATURES, "note/too-many-signatures", `the note has ${count} signatures, and at most ${MAX_SIGNATURES} are allowed`);
  const whole = textOf(raw, "note/not-utf8", "the note");
  const split = whole.lastIndexOf("\n\n");
  const text = whole.slice(0, split + 1);
  checkNoteText(text);
  const signatures = whole.slice(split + 2, -1).split("\n").map(parseSignature);
  return { text, signatures };
}

/** The signature of one line, without its newline; nothing is verified. */
export function parseSignature(line) {
  const first = line.indexOf(" ");
  const second = first < 0 ? -1 : line.indexOf(" ", first + 1);
  if (second < 0 || line.slice(0, first) !== DASH || second + 1 === line.length) {
    throw new Refusal("note/malformed", "a line after the text is not a signature");
  }
  const data = decode(line.slice(second + 1), null, "signature");
  return new Signature(line.slice(first + 1, second), data.slice(0, KEY_ID_BYTES), data.slice(KEY_ID_BYTES));
}

/**
 * The text of a note, which of *keys* signed it (`verified`: [{key, signature}], each once, a cosigner's newest), and how many signatures were
 * by others. Refused with note/ambiguous-key, note/bad-signature, note/no-known-key, or as parseNote does.
 */
export function openNote(raw, keys, maxSize = MAX_NOTE_BYTES) {
  const known = new Map();
  for (const key of keys) {
    demand(!known.has(key.id), "note/ambiguous-key", `two of the given keys have the name and id ${key.id}`);
    known.set(key.id, key);
  }
  const { text, signatures } = parseNote(raw, maxSize);
  const verified = new Map();
  let unknown = 0;
  for (const signature of signatures) {
    const key = known.get(signature.by);
    if (key === undefined) {
      unknown += 1;
      continue;
    }
    key.verify(text, signature);
    const earlier = verified.get(key.id);
    // The same key twice is one signer; the order of lines is nobody's statement, so the newest time counts.
    if (earlier === undefined || (key.signedTime(signature) ?? 0n) > (key.signedTime(earlier.signature) ?? 0n)) {
      verified.set(key.id, { key, signature });
    }
  }
  demand(
    verified.size > 0,
    "note/no-known-key",
    `none of the ${known.size} known keys has signed the note (${unknown} signatures by unknown keys)`,
    { unknown },
  );
  return { text, verified: [...verified.values()], unknown };
}
