// What is inside a seal: passwords, TOTP seeds, recovery codes and key files, as one canonical object (docs/formats/seal.md); the twin of
// kernel/custody/sealing/bundle.py.
//
// The bytes are padded to whole KiB before they are encrypted: the sealed object is public, and the length of a password is nobody's business.
// A secret is {kind, name, value}, its value a string; a key file's is the base64 of its bytes. No message repeats a value.

import { decode } from "../base64.js";
import { compare, concat, same, utf8 } from "../bytes.js";
import { canonicalBytes, hasExactly, parseCanonical } from "../canonical.js";
import { Refusal, demand } from "../errors.js";

const FORM = "commonhold/secrets/v1";
export const KINDS = Object.freeze(["codes", "file", "note", "password", "totp"]);
/** Bytes of the canonical object, so of all secrets of one seal together. */
export const MAX_BYTES = 96 << 10;
/** Bytes of a key file: in base64 one of this size fits. */
export const MAX_FILE = 64 << 10;
export const MAX_SECRETS = 100;
export const MAX_NAME = 100;
export const BLOCK = 1_024;
const LENGTH = 4;
const TOTP = /^[A-Z2-7]{8,256}=*$/;

/**
 * The padded bytes of *secrets*, sorted by name. Refused with secret/... , naming the secret and never its value: none at all or too many (count), an
 * unknown kind, a name that is twice there (name-twice) or no line (name), a TOTP seed that is no base32, a key file that is no base64 (file), too-large.
 */
export function bundleBytes(secrets) {
  // As Python sorts: by characters and not by the halves of those beyond the first plane.
  const listed = [...secrets].sort((one, other) => compare(utf8(one.name), utf8(other.name)));
  const counted = `a seal holds 1 to ${MAX_SECRETS} secrets, and these are ${listed.length}`;
  demand(listed.length >= 1 && listed.length <= MAX_SECRETS, "secret/count", counted, { count: listed.length });
  for (const [at, secret] of listed.entries()) {
    check(secret);
    demand(at === 0 || listed[at - 1].name !== secret.name, "secret/name-twice", `two secrets are called '${secret.name}'`, { name: secret.name });
  }
  const raw = canonicalBytes({ form: FORM, secrets: listed.map(({ kind, name, value }) => ({ kind, name, value })) });
  const sized = `the secrets have ${raw.length} bytes together, and a seal holds at most ${MAX_BYTES}`;
  demand(raw.length <= MAX_BYTES, "secret/too-large", sized, { size: raw.length, most: MAX_BYTES });
  const length = [raw.length >>> 24, raw.length >>> 16, raw.length >>> 8, raw.length].map((byte) => byte & 0xff);
  const size = LENGTH + raw.length;
  return concat(length, raw, new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK));
}

/** The secrets in the padded bytes of a bundle; refused with secret/padding or secret/form if they are not exactly what `bundleBytes` makes. */
export function parseBundle(padded) {
  const length = padded.subarray(0, LENGTH).reduce((number, byte) => number * 256 + byte, 0);
  const raw = padded.subarray(LENGTH, LENGTH + length);
  const rest = padded.subarray(LENGTH + length);
  const isWhole = padded.length % BLOCK === 0 && raw.length === length && length <= MAX_BYTES && rest.length < BLOCK && rest.every((byte) => byte === 0);
  demand(isWhole, "secret/padding", "the bundle of secrets is not padded as it should be");
  try {
    const { secrets } = parseCanonical(raw, MAX_BYTES, "the bundle of secrets");
    if (Array.isArray(secrets) && secrets.every(isSecret) && same(bundleBytes(secrets), padded)) return secrets;
  } catch (error) {
    // Its words could repeat what is in it.
    if (!(error instanceof Refusal)) throw error;
  }
  throw new Refusal("secret/form", "the bundle of secrets is not in the form that this version reads");
}

function isSecret(value) {
  return hasExactly(value, ["kind", "name", "value"]) && Object.values(value).every((text) => typeof text === "string");
}

function check({ kind, name, value }) {
  demand(KINDS.includes(kind), "secret/kind", `a secret is one of ${KINDS.join(", ")}, and not '${kind.slice(0, 40)}'`, { name });
  try {
    canonicalBytes([name, value]);
  } catch {
    throw new Refusal("secret/character", `the secret '${name.slice(0, MAX_NAME)}' holds a character that canonical JSON has not`, { name });
  }
  const isLine = name.trim() !== "" && [...name].length <= MAX_NAME && !name.includes("\n");
  demand(isLine, "secret/name", `a secret's name is one line of 1 to ${MAX_NAME} characters`, { name });
  demand(value !== "", "secret/empty", `the secret '${name}' is empty`, { name });
  const isSeed = kind !== "totp" || TOTP.test(value.replaceAll(" ", "").toUpperCase());
  demand(isSeed, "secret/totp", `the seed '${name}' is not base32 (the letters A to Z and the digits 2 to 7)`, { name });
  if (kind !== "file") return;
  try {
    decode(value, null, "a key file");
  } catch {
    throw new Refusal("secret/file", `the key file '${name}' is not base64`, { name });
  }
}
