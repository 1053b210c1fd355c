// A custodian's own share: from its envelope or from the words on paper, held against its commitment before anything is done with it.

import { encode } from "../base64.js";
import { demand } from "../errors.js";
import { encryptTo } from "../sealing/age.js";
import { ownShare } from "../sealing/envelopes.js";
import { envelopeBytes, nextProof } from "../sealing/shares.js";
import { parseWords } from "../sealing/splitting.js";

/** *member*'s share from the envelope that the record names for them, and no other; refused with share/no-envelope, or as `ownShare` does. */
export function shareInEnvelope({ manifest }, texts, member, kit) {
  const raw = texts.get(manifest.holdings.get(member).envelope);
  demand(raw !== undefined, "share/no-envelope", "your envelope is not in the request");
  return ownShare(raw, manifest, member, kit.ageIdentity());
}

/** *member*'s share from the words that were typed or scanned; refused as `parseWords` and `Manifest.shareInWords` do. */
export function shareInWords({ manifest }, member, typed) {
  return manifest.shareInWords(member, parseWords(typed));
}

/** The body of an acknowledgement: the next link of the share's chain. */
export function proofOf(body, share, { last }) {
  return { ...body, proof: nextProof(share.about, share.index, share.member, share.words, last) };
}

/** The body of a contribution: the share, for this release alone, encrypted to its one-off key and to nobody else. */
export function contributionOf(body, share, { recipient, release }) {
  return { ...body, envelope: encode(encryptTo(recipient, envelopeBytes({ ...share, release }))) };
}
