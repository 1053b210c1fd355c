// The entry that a member signs, as its leaf's bytes (docs/formats/entry.md): what was reviewed, and nothing else.

import { encode } from "../base64.js";
import { canonicalBytes } from "../canonical.js";
import { demand } from "../errors.js";
import { MAX_ENTRY_BYTES, signedBytesOf, unsignedBytes } from "../unsigned.js";

const ACT = "commonhold/act/v1";

/** The texts of *request* that the payload of a proposal names: they travel with its entry to whoever keeps texts. */
export function ownTexts({ type, body, texts }) {
  const named = type === "propose" ? new Set(digestsIn(body.payload)) : new Set();
  return new Map([...texts].filter(([digest]) => named.has(digest)));
}

/** An entry and its texts as one, as a house's log takes them; the entry's own bytes where it has none. */
export function packed(raw, texts) {
  if (texts.size === 0) return raw;
  const objects = Object.fromEntries([...texts].map(([digest, object]) => [digest, encode(object)]));
  return canonicalBytes({ entry: encode(raw), form: ACT, texts: objects });
}

function digestsIn(value) {
  if (typeof value === "string") return /^[0-9a-f]{64}$/.test(value) ? [value] : [];
  return typeof value === "object" ? Object.values(value).flatMap(digestsIn) : [];
}

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
  const signature = kit.sign(signedBytesOf(unsignedBytes(unsigned)));
  const raw = canonicalBytes({ ...unsigned, sig: { kind: "ed25519", value: encode(signature) } });
  demand(raw.length <= MAX_ENTRY_BYTES, "request/body", "the act is too large for an entry");
  return raw;
}
