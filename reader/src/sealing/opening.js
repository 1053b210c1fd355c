// Sealing secrets and opening them again: the AEAD, the trial in which every share takes part, and the check of every share (docs/formats/seal.md); the
// twin of kernel/custody/sealing/opening.py.
//
// ChaCha20-Poly1305 (RFC 8439) under a key that is used once, with organisation, resource and number of the seal as associated data. Nothing is put
// together before each share has matched its commitment; the key then has to match its own; the AEAD has the last word.

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { concat, hex, sha256, utf8 } from "../bytes.js";
import { canonicalBytes } from "../canonical.js";
import { Refusal, demand } from "../errors.js";
import { BLOCK, MAX_BYTES, bundleBytes, parseBundle } from "./bundle.js";
import { Manifest, aboutValue, chainEnd, commitment, envelopeBytes, keyCommitment } from "./shares.js";
import { Joiner, KEY_BYTES, splitKey, trialSets } from "./splitting.js";

const HEADER = utf8("commonhold/sealed/v1\n");
const AEAD_DOMAIN = utf8("commonhold/seal/v1\n");
const NONCE_BYTES = 12;
export const MAX_SEALED = HEADER.length + NONCE_BYTES + MAX_BYTES + 2 * BLOCK;

/** A new seal: its public object, everybody's share (secret, a Map), and what the record will hold but for the envelopes' digests. */
class Sealed {
  #words;

  constructor(about, structure, sealed, key, words) {
    this.about = about;
    this.structure = structure;
    this.sealed = sealed;
    this.key = key;
    this.#words = words;
    Object.freeze(this);
  }

  /** A member's share. */
  words(member) {
    return this.#words.get(member);
  }

  /** What is encrypted to *member*'s kit. */
  envelope(member) {
    const [about, index, , words] = this.#share(member);
    return envelopeBytes({ about, index, member, words });
  }

  /** The public half of the seal: *kits* is a Map of everybody's key id, *envelopes* one of the digests of everybody's encrypted envelope. */
  manifest(kits, envelopes) {
    const holding = (member) => {
      const share = this.#share(member);
      return { kit: kits.get(member), commitment: commitment(...share), chain: chainEnd(...share), envelope: envelopes.get(member) };
    };
    const holdings = new Map(this.structure.people().map((member) => [member, holding(member)]));
    return new Manifest(this.about, this.structure, holdings, this.key, hex(sha256(this.sealed)));
  }

  #share(member) {
    return [this.about, this.structure.people().indexOf(member), member, this.#words.get(member)];
  }
}

/**
 * Seal *secrets* for *structure*, and open the result once in every way that it takes for each share to have taken part. Refused as `bundleBytes` does.
 * @param {(size: number) => Uint8Array} dice so many random bytes
 */
export function seal(secrets, structure, about, dice) {
  const padded = bundleBytes(secrets);
  const key = dice(KEY_BYTES);
  const nonce = dice(NONCE_BYTES);
  const sealed = concat(HEADER, nonce, chacha20poly1305(key, nonce, associated(about)).encrypt(padded));
  const words = splitKey(key, structure, aboutValue(about), dice);
  const made = new Sealed(aboutValue(about), structure, sealed, keyCommitment(about, key), words);
  const joiner = new Joiner(made.about);
  for (const people of trialSets(structure)) {
    decrypted(made.about, made.key, sealed, joiner.join(structure, new Map([...people].map((member) => [member, words.get(member)]))));
  }
  return made;
}

/**
 * What to open with, and what became of every contribution, in order: {shares, verdicts}. *shares* is a Map from person to words, each checked and no more
 * than are needed; a verdict is {member, code, words, data} with the code `used`, `surplus` (right, and not needed), `share/duplicate` or a refusal's.
 */
export function checkContributions(manifest, contributions) {
  const right = new Map();
  const verdicts = [];
  for (const envelope of contributions) {
    const { member } = envelope;
    if (right.has(member)) {
      verdicts.push({ member, code: "share/duplicate", words: `${member} has contributed already, and one person counts once`, data: { member } });
      continue;
    }
    try {
      manifest.checkShare(envelope);
      right.set(member, envelope.words);
      verdicts.push({ member, code: "used", words: "", data: { member } });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      verdicts.push({ member, code: error.code, words: error.message, data: error.data });
    }
  }
  const needed = fewestOf(manifest.structure, [...right.keys()]);
  const surplus = (member) => ({ member, code: "surplus", words: `the share of ${member} is right, and not needed`, data: { member } });
  return {
    shares: new Map([...right].filter(([member]) => needed.has(member))),
    verdicts: verdicts.map((verdict) => (verdict.code === "used" && !needed.has(verdict.member) ? surplus(verdict.member) : verdict)),
  };
}

/**
 * The secrets in *sealed*, if enough right shares were contributed: {secrets, verdicts}. Refused with seal/object if *sealed* is not the object that the record
 * names; seal/not-enough, with `refused` in its data, before anything is put together; seal/inconsistent; or seal/other-content if what opens is not
 * what the seal's maker committed to.
 */
export function openSeal(manifest, sealed, contributions) {
  const isNamed = sealed.length <= MAX_SEALED && hex(sha256(sealed)) === manifest.sealed && HEADER.every((byte, at) => sealed[at] === byte);
  demand(isNamed, "seal/object", "this is not the sealed object that the record names");
  const { shares, verdicts } = checkContributions(manifest, contributions);
  let key;
  try {
    key = new Joiner(aboutValue(manifest.about)).join(manifest.structure, shares);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const refused = verdicts.filter(({ code }) => code !== "used" && code !== "surplus");
    const said = [error.message, ...refused.map(({ words }) => words)].join("; ");
    throw new Refusal(error.code, said, { ...error.data, refused: refused.map(({ member, code }) => ({ member, code })) });
  }
  try {
    return { secrets: parseBundle(decrypted(manifest.about, manifest.key, sealed, key)), verdicts };
  } catch {
    // A refusal of ours, or the cipher's error.
    throw new Refusal("seal/other-content", "the shares are those that were sealed, and what they open is not what the seal's maker committed to");
  }
}

function decrypted(about, expected, sealed, key) {
  demand(keyCommitment(about, key) === expected, "seal/key", "the key is not the one that was committed to");
  const nonce = sealed.subarray(HEADER.length, HEADER.length + NONCE_BYTES);
  return chacha20poly1305(key, nonce, associated(about)).decrypt(sealed.subarray(HEADER.length + NONCE_BYTES));
}

function associated(about) {
  return concat(AEAD_DOMAIN, canonicalBytes(aboutValue(about)));
}

/** The earliest of *people* who meet the structure and of whom nobody could be left out; all of them if they do not meet it. */
function fewestOf(structure, people) {
  const kept = new Set(people);
  if (!structure.isMet(kept)) return kept;
  for (const person of people.reverse()) {
    kept.delete(person);
    if (!structure.isMet(kept)) kept.add(person);
  }
  return kept;
}
