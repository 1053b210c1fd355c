// The entry that a member signs, as its leaf's bytes (docs/formats/entry.md): what was reviewed, and nothing else.

import { encode } from "../base64.js";
import { concat } from "../bytes.js";
import { canonicalBytes } from "../canonical.js";
import { DOMAIN, MAX_ENTRY_BYTES } from "../entry.js";
import { demand } from "../errors.js";

/**
 * The signed leaf of a reviewed act; `seen`, organisation and epoch are those of the checkpoint, not of the request.
 * @param {Uint8Array} nonce 16 random bytes
 * @param {object} body the request's, or what `compared` made of it
 */
export function signedEntry({ request, before }, body, member, kit, nonce) {
  const unsigned = {
    org: before.org,
    epoch: before.epoch,
    type: request.type,
    by: member,
    key: kit.keyId,
    seen: { size: Number(before.size), root: encode(before.root) },
    nonce: encode(nonce),
    body,
  };
  const signature = kit.sign(concat(DOMAIN, canonicalBytes(unsigned)));
  const raw = canonicalBytes({ ...unsigned, sig: { kind: "ed25519", value: encode(signature) } });
  demand(raw.length <= MAX_ENTRY_BYTES, "request/body", "the act is too large for an entry");
  return raw;
}
