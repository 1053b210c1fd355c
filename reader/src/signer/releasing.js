// A release: its one-off key, kept in a file that only its asker's kit reads, and what the custodians gave to it (docs/formats/seal.md#opening).

import { decode, encode } from "../base64.js";
import { textOf, utf8 } from "../bytes.js";
import { isObject } from "../canonical.js";
import { isSignedBy, parseEntry } from "../entry.js";
import { Refusal, demand } from "../errors.js";
import { parseKit } from "../keys.js";
import { decryptWith, encryptTo, newIdentity, recipientOf } from "../sealing/age.js";
import { openEnvelope } from "../sealing/envelopes.js";
import { checkContributions, openSeal } from "../sealing/opening.js";
import { checkContribution } from "../sealing/shares.js";
import { placeOf } from "./request.js";

const BEGIN = "-----BEGIN AGE ENCRYPTED FILE-----";
const END = "-----END AGE ENCRYPTED FILE-----";
const COLUMNS = /.{1,64}/g;
export const MAX_KEY_FILE = 4_096;

/** A new one-off key: {identity, recipient, file}, the file encrypted to *kit* alone, as any age program reads it. */
export function newKey(kit, { resource, seal }) {
  const identity = newIdentity();
  const content = utf8(`# one-off key of a release of ${resource}, seal ${seal}\n${identity}\n`);
  const lines = encode(encryptTo(kit.keys.age, content)).match(COLUMNS);
  return { identity, recipient: recipientOf(identity), file: [BEGIN, ...lines, END, ""].join("\n") };
}

/** The identity in a key file, which *kit* reads, of the release to *recipient*; refused with unseal/key-file, unseal/other-kit or unseal/other-key. */
export function keyIn(text, kit, recipient) {
  const lines = text.replaceAll("\r\n", "\n").trim().split("\n");
  const isFile = text.length <= MAX_KEY_FILE && lines[0] === BEGIN && lines.at(-1) === END;
  demand(isFile, "unseal/key-file", "this is not the key file of a release");
  const identity = textOf(opened(lines.slice(1, -1).join(""), kit), "unseal/key-file", "the key file")
    .split("\n")
    .find((line) => line.startsWith("AGE-SECRET-KEY-1"));
  demand(identity !== undefined, "unseal/key-file", "this file holds no release's key");
  demand(recipientOf(identity) === recipient, "unseal/other-key", "this is not the key of this release");
  return identity;
}

function opened(text, kit) {
  try {
    return decryptWith(kit.ageIdentity(), decode(text, null, "key file"));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // Why it is no key file of ours could only describe it.
    throw new Refusal(error.code === "sealed/other-key" ? "unseal/other-kit" : "unseal/key-file", "the key file does not open");
  }
}

/**
 * What was given to the release under review, each share held against its commitment before anything is put together: {verdicts, secrets, refusal}. A
 * verdict is {member, code}; *secrets* is null, and *refusal* says why, where not enough right shares are there.
 */
export function openRelease({ request, before, task }, identity) {
  const { manifest, release } = task;
  const { contributions = {} } = before.values.get(placeOf("releases", release));
  const given = [];
  const refused = [];
  for (const { entry, raw } of contributionsIn(request, release, contributions)) {
    try {
      given.push(shareIn(entry, { identity, manifest, release }));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // Whoever did not sign it has not given it: nobody is blamed for what others made up.
      const isTheirs = isByMember(parseEntry(raw), before);
      refused.push({ member: entry.by, code: isTheirs ? error.code : "share/forged" });
    }
  }
  const verdicts = [...checkContributions(manifest, given).verdicts.map(({ member, code }) => ({ member, code })), ...refused];
  try {
    return { verdicts, secrets: openSeal(manifest, request.texts.get(manifest.sealed), given).secrets, refusal: null };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { verdicts, secrets: null, refusal: error };
  }
}

/** The contributions to *release* among the texts, in the order of the record, those that it does not know last. */
function contributionsIn({ texts, org }, release, contributions) {
  const found = [];
  for (const raw of texts.values()) {
    const entry = entryOrNull(raw);
    if (entry?.type === "contribute" && entry.org === org && entry.body.release === release) found.push({ entry, raw });
  }
  const place = ({ entry }) => (Number.isInteger(contributions[entry.by]) ? contributions[entry.by] : Infinity);
  return found.sort((one, other) => (place(one) === place(other) ? 0 : place(one) - place(other)));
}

function shareIn({ by, body }, { identity, manifest, release }) {
  const found = openEnvelope(decode(body.envelope, null, "envelope"), identity);
  checkContribution(found, by, release);
  manifest.checkShare(found);
  return found;
}

function isByMember(entry, before) {
  const member = before.values.get(placeOf("members", entry.by));
  const value = isObject(member) && isObject(member.keys) ? member.keys[entry.key] : undefined;
  return isObject(value) && value.kind === "kit" && isSignedBy(entry, parseKit(value).sign);
}

function entryOrNull(raw) {
  try {
    return parseEntry(raw);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}
