// Shares in age files: a custodian's envelope, and what they contribute to a release (docs/formats/seal.md); the twin of store/envelopes.py.
//
// Whoever made such a file is not believed: its size is bounded before it is looked into, it is for one recipient, and a share counts when it matches its
// commitment in the record.

import { Refusal, demand } from "../errors.js";
import { decryptWith } from "./age.js";
import { MAX_SEALED_ENVELOPE, parseEnvelope } from "./shares.js";

/** The share in an age file to the recipient of *identity* and to nobody else; refused with share/envelope, or as `decryptWith` does. */
export function openEnvelope(raw, identity) {
  const words = `the envelope of a share has ${raw.length} bytes, and at most ${MAX_SEALED_ENVELOPE} are read`;
  demand(raw.length <= MAX_SEALED_ENVELOPE, "share/envelope", words);
  return parseEnvelope(decryptWith(identity, raw));
}

/**
 * *member*'s share of a seal, from the envelope that the record names for them: {about, index, member, words}. Refused with share/other-kit,
 * share/other-member, as `openEnvelope` and `checkShare` do, and with share/envelope if it holds what was given to a release.
 */
export function ownShare(raw, manifest, member, identity) {
  const found = opened(raw, identity);
  demand(found.member === member, "share/other-member", `your envelope holds the share of ${found.member}`, { member: found.member });
  demand(found.release === "", "share/envelope", "your envelope holds what was given to a release, and no share");
  manifest.checkShare(found);
  return found;
}

function opened(raw, identity) {
  try {
    return openEnvelope(raw, identity);
  } catch (error) {
    if (error.code !== "sealed/other-key") throw error;
    throw new Refusal("share/other-kit", "your envelope is encrypted to another kit than this");
  }
}
