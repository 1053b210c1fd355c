// The bridge's jobs about seals: what `bridge.js` answers out of src/sealing. Bytes travel as base64, hexadecimal where the vectors have it.

import { hex, unhex } from "../src/bytes.js";
import { suggestions } from "../src/likely.js";
import { decryptWith, encryptTo, newIdentity, recipientOf } from "../src/sealing/age.js";
import { bundleBytes, parseBundle } from "../src/sealing/bundle.js";
import { ownShare } from "../src/sealing/envelopes.js";
import { checkContributions, openSeal, seal } from "../src/sealing/opening.js";
import { Manifest, chainLink, checkContribution, checkProof, commitment, envelopeBytes, keyCommitment, nextProof, parseEnvelope } from "../src/sealing/shares.js";
import { combineMnemonics, decodeShare, encodeShare } from "../src/sealing/slip39.js";
import { isShare, joinShares, parseWords, splitKey, trialSets } from "../src/sealing/splitting.js";
import { parseStructure, remarks } from "../src/sealing/structure.js";
import { WORDLIST } from "../src/sealing/wordlist.js";

const raw = (text) => new Uint8Array(Buffer.from(text, "base64"));
const text = (bytes) => Buffer.from(bytes).toString("base64");
const ascii = (bytes) => Buffer.from(bytes).toString("latin1");
const byName = (value) => new Map(Object.entries(value));
const plain = (map) => Object.fromEntries(map);

/** Throws what it was given, in that order, and says if other sizes are asked for, or more. */
function loaded(thrown) {
  let at = 0;
  const dice = (size) => {
    const found = unhex(thrown[at++] ?? "");
    if (found.length !== size) throw new Error(`throw ${at} of the dice has ${found.length} bytes, and ${size} are asked for`);
    return found;
  };
  const check = () => {
    if (at !== thrown.length) throw new Error(`${at} of ${thrown.length} throws of the dice were used`);
  };
  return { dice, check };
}

function publicHalf({ about, structure, shares, key, digest }) {
  return new Manifest(about, parseStructure(structure), new Map(shares.map((share) => [share.member, share])), key, digest);
}

const contributed = ({ envelopes }) => envelopes.map((envelope) => parseEnvelope(raw(envelope)));

export const SEALING = {
  "slip39-list": () => WORDLIST,
  "slip39-combine": ({ mnemonics, passphrase }) => hex(combineMnemonics(mnemonics, raw(passphrase))),
  "slip39-again": ({ words }) => encodeShare(decodeShare(words)),
  "likely-words": ({ typed }) => suggestions(typed, WORDLIST),
  structure: ({ value }) => {
    const found = parseStructure(value);
    const said = remarks(found).map(({ code, people, group }) => ({ code, people, group: group.inWords() }));
    return { value: found.toValue(), people: found.people(), fewest: found.fewest(), count: found.countSets(), words: found.inWords(), remarks: said };
  },
  "structure-sets": ({ value }) => parseStructure(value).sets().map((people) => [...people]),
  "trial-sets": ({ value }) => trialSets(parseStructure(value)).map((people) => [...people]),
  "secrets-bytes": ({ secrets }) => text(bundleBytes(secrets)),
  "secrets-parse": (job) => parseBundle(raw(job.raw)),
  "split-key": ({ key, structure, about, dice: thrown }) => {
    const { dice, check } = loaded(thrown);
    const shares = splitKey(unhex(key), parseStructure(structure), about, dice);
    check();
    return plain(shares);
  },
  "join-shares": ({ structure, about, shares }) => hex(joinShares(parseStructure(structure), about, byName(shares))),
  "share-words": ({ typed }) => parseWords(typed),
  "is-share": ({ words }) => isShare(words),
  "make-seal": ({ secrets, structure, about, dice: thrown }) => {
    const { dice, check } = loaded(thrown);
    const made = seal(secrets, parseStructure(structure), about, dice);
    check();
    const people = made.structure.people();
    const found = made.manifest(new Map(), new Map());
    const shares = people.map((member, index) => {
      const { commitment: committed, chain } = found.holdings.get(member);
      const proof = nextProof(about, index, member, made.words(member), chain);
      return { member, words: made.words(member), commitment: committed, chain, proof, envelope: ascii(made.envelope(member)) };
    });
    return { shares, key: made.key, sealed: hex(made.sealed), digest: found.sealed, sets: made.structure.countSets() };
  },
  "open-seal": (job) => openSeal(publicHalf(job), raw(job.object), contributed(job)),
  "check-contributions": (job) => {
    const { shares, verdicts } = checkContributions(publicHalf(job), contributed(job));
    return { shares: plain(shares), verdicts };
  },
  "check-share": (job) => publicHalf(job).checkShare(parseEnvelope(raw(job.envelope))) ?? true,
  "own-share": (job) => ownShare(raw(job.raw), publicHalf(job), job.member, job.identity),
  "share-in-words": (job) => publicHalf(job).shareInWords(job.member, job.words),
  envelope: (job) => text(envelopeBytes(parseEnvelope(raw(job.raw)))),
  "check-contribution": (job) => checkContribution(parseEnvelope(raw(job.raw)), job.by, job.release) ?? true,
  commitment: ({ about, index, member, words }) => commitment(about, index, member, words),
  "key-commitment": ({ about, key }) => keyCommitment(about, unhex(key)),
  "chain-link": ({ link }) => chainLink(link),
  "next-proof": ({ about, index, member, words, last }) => nextProof(about, index, member, words, last),
  "check-proof": ({ proof, last }) => checkProof(proof, last) ?? true,
  "age-new": () => newIdentity(),
  "age-recipient": ({ identity }) => recipientOf(identity),
  "age-encrypt": (job) => text(encryptTo(job.recipient, raw(job.raw))),
  "age-decrypt": (job) => text(decryptWith(job.identity, raw(job.raw), { most: job.most, size: job.size })),
};
