// An entry before it is signed: what a key signs of it, and its id (docs/formats/entry.md), the twin of kernel/record/entries.py.

import { concat, hex, sha256, utf8 } from "./bytes.js";
import { canonicalBytes, hasExactly } from "./canonical.js";
import { demand } from "./errors.js";

export const DOMAIN = utf8("commonhold/entry/v1\n");
export const MAX_ENTRY_BYTES = 65_535;
const FIELDS = ["org", "epoch", "type", "by", "key", "seen", "nonce", "body"];

/** The canonical bytes of an unsigned entry that a member signs in a running organisation; refused with entry/fields or canonical/... */
export function unsignedBytes(value) {
  demand(hasExactly(value, FIELDS), "entry/fields", "the unsigned entry has the wrong fields");
  return canonicalBytes(value);
}

/** What the member's key signs of an entry, given its unsigned canonical bytes. */
export function signedBytesOf(unsigned) {
  return concat(DOMAIN, unsigned);
}

/** The id of an entry, given its unsigned canonical bytes. */
export function entryIdOf(unsigned) {
  return hex(sha256(unsigned));
}
