// The bridge by which Python's tests ask these modules: one job a line on stdin, one answer a line on stdout, both JSON.
//
// A job is {op, ...}; an answer {ok: value} or {code, message}, or {crash} for anything but a refusal, which no input may cause. Bytes travel as base64,
// decoded by Node and not by the code under test; BigInts as decimal strings. No page imports this.

import { decode, encode } from "../src/base64.js";
import { briefOf, checkBrief, mergeBriefs, parseBrief } from "../src/brief.js";
import { judgeBrief } from "../src/briefverdict.js";
import { hex, utf8 } from "../src/bytes.js";
import { canonicalBytes, parseCanonical } from "../src/canonical.js";
import { parseCheckpoint, verifyCosignature } from "../src/checkpoint.js";
import { checkPublicKey, isValid } from "../src/ed25519.js";
import { parseEntry } from "../src/entry.js";
import { Refusal } from "../src/errors.js";
import { checkAgeRecipient, fingerprint, kitKeyId, parseKit } from "../src/keys.js";
import { Kit, kitFromText, kitFromWords } from "../src/kit.js";
import { leafHash, rootOf, verifyConsistency, verifyInclusion } from "../src/merkle.js";
import { VerifierKey, cosignedMessage } from "../src/notekeys.js";
import { openNote, parseNote, parseSignature } from "../src/notes.js";
import { parsePin, pinFingerprint } from "../src/pin.js";
import { Policy } from "../src/policy.js";
import { checkProofFile, parseProofFile } from "../src/prooffile.js";
import { verifyAbsent, verifyPresent } from "../src/stateproof.js";
import { parseText } from "../src/text.js";
import { openVouched } from "../src/statements.js";
import { parseBundle, parseTilePath, tileLevels } from "../src/tiles.js";
import { parseProof, verifyProof } from "../src/tlogproof.js";
import { isYoung } from "../src/unicode32.js";
import { judge } from "../src/check.js";
import { beforeBrief, beforeClaim, compared, review } from "../src/signer/review.js";
import { reached } from "../src/signer/notice.js";
import { entryUrl, linkText, numberOf, parseGiven } from "../src/signer/request.js";
import { keyIdOf, sixWordsOf } from "../src/signer/payloads.js";
import { signedEntry } from "../src/signer/entry.js";
import { openRelease } from "../src/signer/releasing.js";
import { contributionOf, proofOf, shareInEnvelope, shareInWords } from "../src/signer/share.js";
import { SEALING } from "./sealing.js";

const raw = (text) => new Uint8Array(Buffer.from(text, "base64"));
const text = (bytes) => Buffer.from(bytes).toString("base64");
const stateProof = ({ count, leaves }) => ({
  count: BigInt(count),
  leaves: leaves.map(({ leaf, index, hashes }) => ({ leaf: raw(leaf), index: BigInt(index), hashes: hashes.map(raw) })),
});
const entryFields = ({ type, org, epoch, by, key, seenSize, body, id, unsigned }) => ({ type, org, epoch, by, key, seenSize, body, id, unsigned: text(unsigned) });
const about = (kit) => ({
  words: kit.words().join(" "),
  text: kit.text(),
  sign: encode(kit.keys.sign),
  age: kit.keys.age,
  age_identity: kit.ageIdentity(),
  key: kit.keyId,
  fingerprint: fingerprint(kit.keys).join(" "),
});

/** A request as its member sees it: under the pin, if one is given and the request has a proof, and otherwise as its sender says. */
function looked({ given, member, kit, pin, now }) {
  const request = parseGiven(given);
  const isVouched = pin !== undefined && request.brief !== null;
  const before = isVouched ? beforeBrief(checkBrief(briefOf(request.brief), parsePin(utf8(pin)))) : beforeClaim(request);
  return review(request, before, member, parseKit(kit), now);
}
const pairs = ({ say, with: values }) => [say, values];

const OPS = {
  ...SEALING,
  review: (job) => {
    const { request, before, facts, texts, compare, ways } = looked(job);
    return {
      number: numberOf(request),
      epoch: before.epoch,
      seen: { size: Number(before.size), root: encode(before.root) },
      facts: facts.map(pairs),
      texts: texts.map(({ heading, text: body }) => [...pairs(heading), body]),
      compare: compare.map(sixWordsOf),
      ways,
    };
  },
  "sign-request": (job) => {
    const found = looked(job);
    if (found.ways.length > 0) return text(signedEntry(found, reached(found.request.body, found.ways, job.way), job.member, new Kit(raw(job.secret)), raw(job.nonce)));
    const body = found.compare.length === 0 ? found.request.body : compared(found, keyIdOf(found.compare[0]));
    return text(signedEntry(found, body, job.member, new Kit(raw(job.secret)), raw(job.nonce)));
  },
  "sign-custody": (job) => {
    const found = looked(job);
    const { request, task } = found;
    const kit = new Kit(raw(job.secret));
    const share = job.words === undefined ? shareInEnvelope(task, request.texts, job.member, kit) : shareInWords(task, job.member, job.words);
    const body = (task.asked === "share" ? proofOf : contributionOf)(request.body, share, task);
    return text(signedEntry(found, body, job.member, kit, raw(job.nonce)));
  },
  "open-release": (job) => {
    const { verdicts, secrets, refusal } = openRelease(looked(job), job.identity);
    return { verdicts: verdicts.map(({ member, code }) => [member, code]), secrets, code: refusal?.code ?? "" };
  },
  "entry-url": ({ url }) => entryUrl(url),
  "link-text": (job) => linkText(raw(job.raw)),
  base64: ({ value }) => text(decode(value)),
  canonical: (job) => text(canonicalBytes(parseCanonical(raw(job.raw), job.max ?? 1 << 20))),
  young: ({ points }) => points.map(isYoung),
  note: (job) => {
    const { text: said, verified, unknown } = openNote(raw(job.raw), job.vkeys.map((vkey) => VerifierKey.parse(vkey)));
    return { text: said, signers: verified.map(({ key }) => key.name), unknown };
  },
  "parse-note": (job) => parseNote(raw(job.raw)).text,
  vkey: ({ vkey }) => {
    const key = VerifierKey.parse(vkey);
    return { name: key.name, kind: key.kind, id: hex(key.keyId), again: key.toString() };
  },
  checkpoint: ({ text: said }) => {
    const { origin, size, root, extensions } = parseCheckpoint(said);
    return { origin, size, root: text(root), extensions };
  },
  cosignature: ({ text: said, vkey, line }) => {
    const time = verifyCosignature(said, VerifierKey.parse(vkey), parseSignature(line));
    return { time, message: text(cosignedMessage(time, utf8(said))) };
  },
  root: ({ entries }) => text(rootOf(entries.map((entry) => leafHash(raw(entry))))),
  inclusion: (job) => verifyInclusion(BigInt(job.index), BigInt(job.size), raw(job.leaf), job.proof.map(raw), raw(job.root)) ?? true,
  consistency: (job) => verifyConsistency(BigInt(job.old), BigInt(job.new), raw(job.old_root), raw(job.new_root), job.proof.map(raw)) ?? true,
  policy: (job) => {
    const policy = Policy.parse(raw(job.raw));
    const times = new Map(Object.entries(job.times ?? {}).map(([name, time]) => [name, BigInt(time)]));
    let met = true;
    try {
      policy.require(times.keys());
    } catch (error) {
      met = error.code;
    }
    return { time: policy.time(times), met, witnesses: [...policy.witnesses.keys()], groups: [...policy.groups.keys()] };
  },
  proof: (job) => {
    const { index, extra, hashes } = parseProof(raw(job.raw));
    return { index, extra: extra === null ? null : text(extra), hashes: hashes.map(text) };
  },
  "verify-proof": (job) => {
    const proof = parseProof(raw(job.raw));
    const { checkpoint, time } = verifyProof(proof, leafHash(raw(job.entry)), Policy.parse(raw(job.policy)));
    return { index: proof.index, size: checkpoint.size, time };
  },
  tile: ({ path }) => parseTilePath(path),
  "tile-levels": ({ size }) => tileLevels(BigInt(size)),
  bundle: (job) => parseBundle(raw(job.raw), job.count).map(text),
  ed25519: (job) => isValid(raw(job.key), raw(job.message), raw(job.signature)),
  enrol: (job) => checkPublicKey(raw(job.key)) ?? true,
  entry: (job) => entryFields(parseEntry(raw(job.raw))),
  kit: ({ secret, message, member }) => {
    const kit = new Kit(raw(secret));
    return { ...about(kit), signature: text(kit.sign(utf8(message))), card: text(kit.card(member)) };
  },
  "kit-words": ({ typed }) => about(kitFromWords(typed)),
  "kit-text": ({ typed }) => about(kitFromText(typed)),
  recipient: ({ age }) => checkAgeRecipient(age) ?? true,
  "key-value": (job) => kitKeyId(parseKit(parseCanonical(raw(job.raw), 1 << 20)).sign),
  text: (job) => parseText(raw(job.raw)),
  present: (job) => verifyPresent(stateProof(job.proof), raw(job.digest), job.part, job.key),
  absent: (job) => verifyAbsent(stateProof(job.proof), raw(job.digest), job.part, job.key) ?? true,
  "proof-file": (job) => parseProofFile(raw(job.raw)).leaves.length,
  "check-proof-file": (job) => {
    const found = checkProofFile(parseProofFile(raw(job.raw)), job.org ?? "");
    return { ...found, entry: found.entry === null ? null : entryFields(found.entry) };
  },
  vouched: (job) => {
    const { statement, times } = openVouched(raw(job.raw), job.vkeys.map((vkey) => VerifierKey.parse(vkey)));
    return { size: statement.size, count: statement.count, times: Object.fromEntries(times) };
  },
  pin: (job) => {
    const pin = parsePin(raw(job.raw));
    return { org: pin.org, epoch: pin.epoch, validators: [...pin.validators.keys()], words: pinFingerprint(pin).join(" ") };
  },
  brief: (job) => parseBrief(raw(job.raw)).values.length,
  "check-brief": (job) => {
    const checked = checkBrief(parseBrief(raw(job.raw)), parsePin(raw(job.pin)));
    const { size, root, origin, epoch, time, values, validators, mirrors, lives } = checked;
    const shown = [...values].map(([place, value]) => [...place.split("\n"), value === null ? null : text(canonicalBytes(value))]);
    const said = { size, root: text(root), origin, epoch, time, values: shown, validators, mirrors: Object.fromEntries(mirrors), lives };
    return { ...said, verdict: judgeBrief(checked, BigInt(job.now)) };
  },
  "merge-briefs": (job) => mergeBriefs(job.raws.map((one) => parseBrief(raw(one))), parsePin(raw(job.pin))).map(({ checkpoint, state }) => [text(checkpoint), text(state)]),
  judge: (job) => judge({ raw: raw(job.raw), trust: job.trust ?? "", entry: job.entry === undefined ? null : raw(job.entry), org: job.org ?? "", now: BigInt(job.now ?? 0) }),
};

function answer(line) {
  try {
    const job = JSON.parse(line);
    return { ok: OPS[job.op](job) };
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, message: error.message, data: error.data };
    return { crash: String(error?.stack ?? error) };
  }
}

let waiting = [];
process.stdin.setEncoding("utf8");
process.stdin.on("data", (chunk) => {
  const [first, ...more] = chunk.split("\n");
  waiting.push(first);
  for (const next of more) {
    const said = answer(waiting.join(""));
    waiting = [next];
    process.stdout.write(`${JSON.stringify(said, (_, value) => (typeof value === "bigint" ? String(value) : value))}\n`);
  }
});
