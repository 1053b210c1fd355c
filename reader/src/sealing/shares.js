// What is public about a seal, and how one share is told from another (docs/formats/seal.md); the twin of kernel/custody/sealing/shares.py.
//
// *About* is {org, resource, seal}. A share is told by (about, index, member, words). Its commitment and its chain are hashes of it together with what it belongs
// to: the record holds them, so a wrong, stale or forged share is found before anything is put together, and a share is proved without being shown.

import { concat, hex, sha256, unhex, utf8 } from "../bytes.js";
import { canonicalBytes, hasExactly, parseCanonical } from "../canonical.js";
import { Refusal, demand } from "../errors.js";

const COMMITMENT_DOMAIN = utf8("commonhold/share/v1\n");
const CHAIN_DOMAIN = utf8("commonhold/share-chain/v1\n");
const LINK_DOMAIN = utf8("commonhold/share-link/v1\n");
const KEY_DOMAIN = utf8("commonhold/seal-key/v1\n");
const SHARE_FORM = "commonhold/share/v1";
const CONTRIBUTION_FORM = "commonhold/contribution/v1";
const SHARE_FIELDS = ["form", "index", "member", "org", "resource", "seal", "words"];
const HEX = /^[0-9a-f]{64}$/;
/** How often a share can be proved: once a week for 19 years. */
export const LINKS = 1_000;
/** Bytes of a share that was opened. */
export const MAX_ENVELOPE = 2_048;
/** Bytes of the age file that holds a share. */
export const MAX_SEALED_ENVELOPE = 8 << 10;

/** The canonical value of what is sealed, and nothing else that the object may hold. */
export function aboutValue({ org, resource, seal }) {
  return { org, resource, seal };
}

/** The public hash of one share: 64 hexadecimal digits. */
export function commitment(about, index, member, words) {
  return hex(sha256(concat(COMMITMENT_DOMAIN, shareBytes(about, index, member, words))));
}

/** The first link of a share's chain: secret, like the share. */
export function chainStart(about, index, member, words) {
  return hex(sha256(concat(CHAIN_DOMAIN, shareBytes(about, index, member, words))));
}

/** The link after *link*, both as 64 hexadecimal digits. */
export function chainLink(link) {
  return hex(linkAfter(unhex(link)));
}

/** The last link of a share's chain, which the record holds from the start. */
export function chainEnd(about, index, member, words) {
  let link = unhex(chainStart(about, index, member, words));
  for (let made = 0; made < LINKS; made++) link = linkAfter(link);
  return hex(link);
}

/**
 * The link before *last*, which only somebody who has the share can show. Refused with share/wrong if *last* is no link of this share's chain, and with
 * share/used-up if it is the first one.
 */
export function nextProof(about, index, member, words, last) {
  let [before, link] = ["", chainStart(about, index, member, words)];
  demand(link !== last, "share/used-up", `the share of ${member} was proved ${LINKS} times, and cannot be proved again`, { member });
  for (let made = 0; made < LINKS && link !== last; made++) [before, link] = [link, chainLink(link)];
  demand(link === last, "share/wrong", `this is not the share that ${member} was given`, { member });
  return before;
}

/** Pass in silence if *proof* is the link before *last*; refused with share/proof. */
export function checkProof(proof, last) {
  const words = "this does not prove the share: it is not the link before the last one that the record holds";
  demand(HEX.test(proof) && chainLink(proof) === last, "share/proof", words);
}

/** The public hash of a seal's key: without it, one sealed object could open to two contents under two keys. */
export function keyCommitment(about, key) {
  return hex(sha256(concat(KEY_DOMAIN, canonicalBytes(aboutValue(about)), key)));
}

/** What is encrypted to a custodian, or by a custodian to a release's recipient: {about, index, member, words}, and {release} for the latter. */
export function envelopeBytes({ about, index, member, words, release = "" }) {
  const value = { ...aboutValue(about), index, member, words };
  return canonicalBytes(release === "" ? { ...value, form: SHARE_FORM } : { ...value, form: CONTRIBUTION_FORM, release });
}

/** What an envelope held: {about, index, member, words, release}; refused with share/envelope, and nothing of it is repeated. */
export function parseEnvelope(raw) {
  let value = null;
  try {
    value = parseCanonical(raw, MAX_ENVELOPE, "the envelope");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  const isShare = hasExactly(value, SHARE_FIELDS) && value.form === SHARE_FORM;
  const isContribution = hasExactly(value, [...SHARE_FIELDS, "release"]) && value.form === CONTRIBUTION_FORM;
  const areTexts = (isShare || isContribution) && ["org", "resource", "member", "words"].every((name) => typeof value[name] === "string");
  const areNumbers = areTexts && Number.isInteger(value.index) && Number.isInteger(value.seal);
  const release = isContribution ? value.release : "";
  demand(areNumbers && typeof release === "string", "share/envelope", "the envelope was opened and holds no share");
  return { about: aboutValue(value), index: value.index, member: value.member, words: value.words, release };
}

/** Pass in silence if what was opened is what its author may contribute to this release; refused with share/other-release or share/other-member. */
export function checkContribution(envelope, by, release) {
  const said = envelope.release === "" ? "for no release" : `for the release ${envelope.release.slice(0, 12)}`;
  demand(envelope.release === release, "share/other-release", `${by} gave a share ${said}, and this is ${release.slice(0, 12)}`, { member: by });
  const own = `${by} gave the share of ${envelope.member}, and everybody gives their own`;
  demand(envelope.member === by, "share/other-member", own, { member: by, of: envelope.member });
}

/** The public half of a seal, as the record has it: who opens it, a Map from person to {kit, commitment, chain, envelope}, and two digests. */
export class Manifest {
  constructor(about, structure, holdings, key, sealed) {
    this.about = about;
    this.structure = structure;
    this.holdings = holdings;
    this.key = key;
    this.sealed = sealed;
    Object.freeze(this);
  }

  /** The number of a person's share: their place in the structure, from 0. */
  index(member) {
    return this.structure.people().indexOf(member);
  }

  /** Whose share of this seal these words are: of several, in their order, where any one of a group is enough and all have the same words. */
  ownersOf(words) {
    return this.structure.people().filter((name, index) => commitment(this.about, index, name, words) === this.holdings.get(name).commitment);
  }

  /** The share of *member* that stands on paper in these words; refused with share/other-owner, whose data names them, or share/other-seal. */
  shareInWords(member, words) {
    const owners = this.ownersOf(words);
    const others = `these are the words of the share of ${owners[0]}, and not of ${member}'s`;
    demand(owners.length === 0 || owners.includes(member), "share/other-owner", others, { member: owners[0] });
    const { about } = this;
    demand(owners.length > 0, "share/other-seal", `these are the words of a share, and of none of seal ${about.seal} of ${about.resource}`);
    return { about, index: this.index(member), member, words };
  }

  /**
   * Pass in silence if this is the share that was sealed for the person it names; refused, saying whose it is, with share/other-org,
   * share/other-resource, share/stale (another seal of the same resource), share/not-custodian or share/wrong.
   */
  checkShare({ about: found, index, member, words }) {
    const { org, resource, seal } = this.about;
    const orgs = `the share of ${member} is of the organisation ${found.org.slice(0, 12)}, and this is ${org.slice(0, 12)}`;
    demand(found.org === org, "share/other-org", orgs, { member });
    const resources = `the share of ${member} is of '${found.resource}', and this is '${resource}'`;
    demand(found.resource === resource, "share/other-resource", resources, { member, found: found.resource, resource });
    const seals = `the share of ${member} is from seal ${found.seal}, and this is seal ${seal}`;
    demand(found.seal === seal, "share/stale", seals, { member, seal: found.seal, current: seal });
    const holding = this.holdings.get(member);
    demand(holding !== undefined, "share/not-custodian", `${member} holds no share of seal ${found.seal} of ${found.resource}`, { member });
    const isOwn = index === this.index(member) && commitment(this.about, index, member, words) === holding.commitment;
    demand(isOwn, "share/wrong", `the share of ${member} is not the one that was sealed: it does not match its commitment in the record`, { member });
  }
}

function shareBytes(about, index, member, words) {
  return canonicalBytes({ ...aboutValue(about), index, member, words });
}

function linkAfter(link) {
  return sha256(concat(LINK_DOMAIN, link));
}
