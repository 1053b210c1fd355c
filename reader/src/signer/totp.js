// The six digits of a second factor at a moment (RFC 6238 with SHA-1, 30 seconds and six digits, which is what providers use).

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const STEP = 30;

/** {code, seconds}: the code of a base32 *seed* at *now* (POSIX seconds), and how long it holds. */
export async function codeAt(seed, now) {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(Math.floor(now / STEP)));
  const key = await crypto.subtle.importKey("raw", bytesOf(seed), { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
  const mac = new DataView(await crypto.subtle.sign("HMAC", key, counter.buffer));
  const number = mac.getUint32(mac.getUint8(19) & 15) & 0x7fffffff;
  return { code: String(number % 1_000_000).padStart(6, "0"), seconds: STEP - (now % STEP) };
}

function bytesOf(seed) {
  const letters = seed.replaceAll(" ", "").toUpperCase().replaceAll("=", "");
  const bits = Array.from(letters, (letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => parseInt(byte, 2));
}
