// Passkeys on the house's pages: enrolling one, signing in, and signing an everyday entry (docs/formats/keys.md; Web Authentication Level 3).
//
// Everything that a passkey signs here is SHA-256 of a domain string and of something that this page holds, computed here: a server's bytes are never
// passed on as they are, so a question to sign in cannot be an entry in disguise. An entry is signed as the page shows it: its id is computed from the
// shown object and compared with the one that the server keeps for it.
//
// What this cannot do: whoever runs the house also serves this file, and a browser shows nobody what a passkey signs. A hostile house can serve
// another file. That is why a passkey decides everyday matters alone, and everything else takes the member's kit in the signer.
//
// Binary values in what comes in and goes out are padded standard base64, as in the record. Every failure is a Refusal with a stable code: those
// in CODES, and entry/..., canonical/... and base64/... for what the page itself got wrong.

import { decode, encode } from "../base64.js";
import { concat, hex, sha256, utf8 } from "../bytes.js";
import { canonicalBytes } from "../canonical.js";
import { Refusal, demand } from "../errors.js";
import { shortCode } from "../shortcode.js";
import { MAX_ENTRY_BYTES, entryIdOf, signedBytesOf, unsignedBytes } from "../unsigned.js";
import { CODES, refusalOf } from "./failures.js";

export { CODES, Refusal };

const ENROL = utf8("commonhold/enrol/v1\n");
const SIGN_IN = utf8("commonhold/sign-in/v1\n");
const NONCE_BYTES = 32;
const SECONDS = 120;
// The browser's own clock runs a little longer than ours, which alone can say that the time ran out.
const SECONDS_MORE = 10;
// COSE's numbers; the order is that of preference. Some Windows installations make nothing but the last.
const ALGORITHMS = new Map([[-7, "es256"], [-8, "eddsa"], [-257, "rs256"]]);
const KEY_TYPES = { es256: 0x11, eddsa: 0x12, rs256: 0x13 };
const FLAGS_AT = 32;
const BACKUP_ELIGIBLE = 0x08;
const BACKED_UP = 0x10;

/** Why no passkey can be used on this page, as one of CODES, or an empty string: a page asks before it shows a button that would not work. */
export function lacking() {
  if (globalThis.isSecureContext !== true) return "passkey/insecure";
  const credentials = globalThis.navigator?.credentials;
  const isThere = typeof globalThis.PublicKeyCredential === "function" && typeof credentials?.create === "function";
  return isThere && typeof credentials.get === "function" ? "" : "passkey/unsupported";
}

/**
 * Make a passkey on a device of the member's choice; gives what the house verifies and enrols.
 * @param {object} options {nonce, rp_id, rp_name, user_id, user_name, exclude: [{credential_id, transports}]}, from the server
 * @param {object} how {signal, seconds}: what stops the question, and when it stops by itself
 */
export async function enrol({ nonce, rp_id, rp_name, user_id, user_name, exclude = [] }, how = {}) {
  const publicKey = {
    challenge: challengeOf(ENROL, nonce),
    rp: { id: rp_id, name: rp_name },
    user: { id: decode(user_id, null, "user id"), name: user_name, displayName: user_name },
    pubKeyCredParams: Array.from(ALGORITHMS.keys(), (alg) => ({ type: "public-key", alg })),
    authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
    attestation: "none",
    excludeCredentials: exclude.map(descriptor),
  };
  const { rawId, response } = await asked("create", publicKey, how);
  demand(typeof response.getPublicKey === "function", "passkey/unsupported", "this browser does not show the public key of a new passkey");
  const alg = ALGORITHMS.get(response.getPublicKeyAlgorithm());
  const spki = response.getPublicKey();
  demand(alg !== undefined && spki !== null, "passkey/algorithm", "this device made another kind of key than was asked for");
  const authenticator = new Uint8Array(response.getAuthenticatorData());
  return {
    credential_id: text(rawId),
    alg,
    spki: text(spki),
    transports: response.getTransports(),
    backup_eligible: (authenticator[FLAGS_AT] & BACKUP_ELIGIBLE) !== 0,
    backed_up: (authenticator[FLAGS_AT] & BACKED_UP) !== 0,
    client: text(response.clientDataJSON),
    authenticator: text(authenticator),
  };
}

/**
 * Let whoever holds a passkey of this house say who they are, without a name; gives what the house verifies.
 * @param {object} options {nonce, rp_id}, from the server
 */
export async function signIn({ nonce, rp_id }, how = {}) {
  return answerOf(await asked("get", { challenge: challengeOf(SIGN_IN, nonce), rpId: rp_id, userVerification: "required" }, how));
}

/**
 * What people compare of an unsigned entry, computed from the object that the page shows: its id and its short code.
 * @param {object} unsigned the entry as `kernel.record.entries.unsigned_entry` makes it
 */
export function shownEntry(unsigned) {
  const id = entryIdOf(unsignedBytes(unsigned));
  return { id, code: shortCode(id) };
}

/**
 * Sign an everyday entry exactly as the page shows it; gives {id, code, leaf}, the leaf being the finished entry's canonical bytes in base64.
 * @param {object} options {unsigned, id, rp_id, credentials: [{credential_id, alg, spki, transports}]}: the shown object, the id that the server keeps
 *   for it, and the member's passkeys. Only the one whose key the entry names is asked for.
 */
export async function signEntry({ unsigned, id, rp_id, credentials }, how = {}) {
  // Everything is taken from the object before the first pause: what changes it later changes nothing that is signed.
  const bytes = unsignedBytes(unsigned);
  const shown = entryIdOf(bytes);
  demand(shown === id, "passkey/shown-differs", "the entry that this page shows is not the one that the server offers", { shown, offered: id });
  const value = JSON.parse(new TextDecoder().decode(bytes));
  const allowed = credentials.filter((credential) => keyIdOf(credential) === value.key);
  demand(allowed.length > 0, "passkey/key", "the entry names a key that is none of these passkeys", { key: value.key });
  const publicKey = {
    challenge: sha256(signedBytesOf(bytes)),
    rpId: rp_id,
    allowCredentials: allowed.map(descriptor),
    userVerification: "required",
  };
  const answer = answerOf(await asked("get", publicKey, how));
  demand(
    allowed.some(({ credential_id }) => credential_id === answer.credential_id),
    "passkey/other-credential",
    "another passkey answered than the one that was asked for",
  );
  const sig = { kind: "webauthn", authenticator: answer.authenticator, client: answer.client, value: answer.signature };
  const leaf = canonicalBytes({ ...value, sig });
  demand(leaf.length <= MAX_ENTRY_BYTES, "entry/too-large", `an entry has at most ${MAX_ENTRY_BYTES} bytes, this has ${leaf.length}`);
  return { id: shown, code: shortCode(shown), leaf: encode(leaf) };
}

/** The id by which entries name a passkey. */
function keyIdOf({ alg, spki }) {
  return hex(sha256(concat([KEY_TYPES[alg]], decode(spki, null, "passkey's public key"))));
}

function challengeOf(domain, nonce) {
  return sha256(concat(domain, decode(nonce, NONCE_BYTES, "nonce")));
}

function descriptor({ credential_id, transports }) {
  const id = decode(credential_id, null, "credential id");
  return transports?.length > 0 ? { type: "public-key", id, transports } : { type: "public-key", id };
}

function answerOf({ rawId, response }) {
  return {
    credential_id: text(rawId),
    user_id: response.userHandle ? text(response.userHandle) : "",
    client: text(response.clientDataJSON),
    authenticator: text(response.authenticatorData),
    signature: text(response.signature),
  };
}

/** The credential that the browser gives, or a refusal with one of CODES. */
async function asked(what, publicKey, { signal, seconds = SECONDS }) {
  const missing = lacking();
  demand(missing !== "passkey/insecure", missing, "passkeys work on https alone, and on localhost");
  demand(missing === "", missing, "this browser knows no passkeys");
  const { credentials } = navigator;
  const stop = new AbortController();
  let isLate = false;
  const clock = setTimeout(() => {
    isLate = true;
    stop.abort();
  }, seconds * 1000);
  const pass = () => stop.abort();
  signal?.addEventListener("abort", pass);
  if (signal?.aborted) stop.abort();
  try {
    const credential = await credentials[what]({ publicKey: { ...publicKey, timeout: (seconds + SECONDS_MORE) * 1000 }, signal: stop.signal });
    if (credential === null) throw new DOMException("no credential", "NotAllowedError");
    return credential;
  } catch (error) {
    throw refusalOf(error, isLate);
  } finally {
    clearTimeout(clock);
    signal?.removeEventListener("abort", pass);
  }
}

function text(buffer) {
  return encode(new Uint8Array(buffer));
}
