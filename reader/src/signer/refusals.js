// Refusals in words: which sentence stands for which code. Every code that a member can meet has one; the code itself stands in the details.

const SENTENCES = {
  __proto__: null,
  "kit/word": "no-kit-word",
  "kit/word-count": "no-kit-word-count",
  "kit/checksum": "no-kit-checksum",
  "kit/not-random": "no-kit-not-random",
  "kit/not-recorded": "no-kit-not-recorded",
  "kit/foreign-recipient": "no-kit-foreign-recipient",
  "id/member": "no-id-member",
  "request/text": "no-request-text",
  "request/form": "no-request-form",
  "request/too-large": "no-request-large",
  "request/parts": "no-request-large",
  "request/text-altered": "no-request-text-altered",
  "request/text-missing": "no-request-text-missing",
  "request/type": "no-request-type",
  "request/url": "no-request-url",
  "request/other-org": "no-request-other-org",
  "brief/other-org": "no-request-other-org",
  "request/other-epoch": "no-request-other-epoch",
  "brief/other-log": "no-request-other-epoch",
  "request/expired": "no-request-expired",
  "request/stale": "no-request-stale",
  "request/nothing": "no-request-nothing",
  "request/value": "no-request-value",
  "request/entry": "no-request-entry",
  "request/unvouched": "no-request-unvouched",
  "act/not-a-member": "no-act-not-a-member",
  "act/closed": "no-act-closed",
  "act/approved": "no-act-approved",
  "act/objected": "no-act-objected",
  "act/confirmed": "no-act-confirmed",
  "act/still-waiting": "no-act-still-waiting",
  "act/not-yours": "no-act-not-yours",
  "act/no-seat": "no-act-nothing",
  "act/nothing-to-withdraw": "no-act-nothing",
  "act/no-offer": "no-act-no-offer",
  "act/no-proposal": "no-act-no-proposal",
  "act/seen-too-little": "no-act-seen-too-little",
  "act/fingerprint": "no-act-fingerprint",
  "act/no-seal": "no-act-seal",
  "acknowledge/not-custodian": "no-share-none",
  "acknowledge/retired": "no-seal-retired",
  "acknowledge/replaced": "no-seal-replaced",
  "acknowledge/not-live": "no-seal-not-live",
  "acknowledge/again": "no-acknowledge-again",
  "release/not-live": "no-seal-not-live",
  "contribute/no-release": "no-contribute-release",
  "contribute/stale": "no-seal-not-live",
  "contribute/expired": "no-contribute-expired",
  "contribute/asker-left": "no-contribute-asker",
  "contribute/not-custodian": "no-share-none",
  "contribute/again": "no-contribute-again",
  "seal/number": "no-seal-number",
  "seal/no-clause": "no-seal-charters",
  "seal/not-the-charters": "no-seal-charters",
  "seal/no-kit": "no-seal-kit",
  "seal/person-twice": "no-seal-structure",
  "seal/threshold": "no-seal-structure",
  "seal/structure": "no-seal-structure",
  "seal/too-large": "no-seal-structure",
  "share/word": "no-share-word",
  "share/word-count": "no-share-word-count",
  "share/checksum": "no-share-checksum",
  "share/other-set": "no-share-other-set",
  "share/other-owner": "no-share-other-member",
  "share/used-up": "no-share-used-up",
  "epoch/other-open": "no-epoch-other-open",
  "epoch/waiting": "no-epoch-waiting",
  "effect/not-yours": "no-effect-not-yours",
  "kind/not-yet": "no-kind",
  "payload/shape": "no-kind",
  "brief/validators": "no-brief-few",
  "brief/mirrors": "no-brief-few",
  "note/no-known-key": "no-brief-few",
};
const LIKELY = { __proto__: null, "kit/word": "no-kit-word-likely", "share/word": "no-share-word-likely" };
// Where the code's family says it all.
const FAMILIES = [
  [/^(?:kit|bech32|keyfile)\//, "no-kit-form"],
  [/^pin\//, "no-pin"],
  [/^(?:share|sealed)\//, "no-share-wrong"],
  [/^(?:request|canonical|base64|entry|text|payload|key)\//, "no-request-broken"],
  [/^(?:brief|proof|state|note|checkpoint|policy|decimal|id|statement)\//, "no-brief"],
];

/** The sentence {say, with} for a refusal; for what no refusal is, that the page failed. */
export function reasonOf(error) {
  const { code = "page/failed", data = {} } = error;
  if (Object.hasOwn(LIKELY, code) && data.suggestions?.length > 0) {
    return { say: LIKELY[code], with: { place: data.place, suggestions: data.suggestions.join(", ") } };
  }
  if (code === "share/checksum" && data.doubtful?.length > 0) return { say: "no-share-checksum-likely", with: { doubtful: data.doubtful.join(", ") } };
  const say = SENTENCES[code] ?? FAMILIES.find(([family]) => family.test(code))?.[1] ?? "no-page";
  return { say, with: data };
}
