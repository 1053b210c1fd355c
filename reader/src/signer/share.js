// A custodian's own share: from its envelope or from the words on paper, held against its commitment before anything is done with it.

import { encode } from "../base64.js";
import { Refusal, demand } from "../errors.js";
import { decryptWith, encryptTo } from "../sealing/age.js";
import { envelopeBytes, nextProof, parseEnvelope } from "../sealing/shares.js";
import { parseWords } from "../sealing/splitting.js";

/**
 * *member*'s share from the envelope that the record names for them, and no other: {about, index, member, words}. Refused with share/no-envelope,
 * share/other-kit, sealed/..., share/envelope, share/other-member, or as `checkShare` does.
 */
export function shareInEnvelope({ manifest }, texts, member, kit) {
  const raw = texts.get(manifest.holdings.get(member).envelope);
  demand(raw !== undefined, "share/no-envelope", "your envelope is not in the request");
  const found = parseEnvelope(openedWith(kit, raw));
  demand(found.member === member, "share/other-member", `your envelope holds the share of ${found.member}`, { member: found.member });
  demand(found.release === "", "share/envelope", "your envelope holds what was given to a release");
  manifest.checkShare(found);
  return found;
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

function openedWith(kit, raw) {
  try {
    return decryptWith(kit.ageIdentity(), raw);
  } catch (error) {
    if (error.code !== "sealed/other-key") throw error;
    throw new Refusal("share/other-kit", "your envelope is encrypted to another kit than this");
  }
}
