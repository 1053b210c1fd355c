// Short codes: the first digits of an entry's id, for people to compare and to type (docs/formats/short-code.md), the twin of kernel/record/shortcode.py.

const DIGITS = 12;

/** The code of a digest of 64 lowercase hexadecimal digits: three groups of four. */
export function shortCode(digest) {
  return digest.slice(0, DIGITS).match(/.{4}/g).join("-");
}
