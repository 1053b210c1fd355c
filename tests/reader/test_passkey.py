"""Laws of the house's passkey module, run by Node before a stand-in for the browser: what it asks, what it hands on, and what it refuses."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel import b64
from commonhold.kernel.passkeys import (
    ENROL,
    SIGN_IN,
    Question,
    Site,
    enrolment_options,
    parse_answer,
    parse_enrolment,
    sign_in_options,
    user_id,
    verify_enrolment,
    verify_sign_in,
)
from commonhold.kernel.record import entries
from commonhold.kernel.record.shortcode import short_code
from commonhold.testing.authenticator import Device, passkey_of
from tests.attacks import Mutation, attack
from tools.inline import module

SITE = Site("localhost", ("http://localhost:8000",))
ORG = "a1" * 32
HERON = user_id(ORG, "heron")
SOURCE = "reader/src/house/passkey.js"

# Stands for the browser: keeps what it is asked, and answers with what the job holds.
BRIDGE = """
import * as passkey from "./passkey.mjs";
const job = JSON.parse(process.argv[2]);
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64")).buffer;
const asked = [];
const plain = (_, value) => (ArrayBuffer.isView(value) ? { bytes: Buffer.from(value).toString("base64") } : value);
const answer = async ({ publicKey, signal }) => {
  asked.push(JSON.parse(JSON.stringify(publicKey, plain)));
  if (job.fails) throw new DOMException("no", job.fails);
  if (job.silent) await new Promise((_, no) => signal.addEventListener("abort", () => no(new DOMException("no", "AbortError"))));
  if (job.nothing) return null;
  const given = job.answer;
  return {
    rawId: bytes(given.id),
    response: {
      clientDataJSON: bytes(given.client),
      authenticatorData: bytes(given.authenticator),
      signature: bytes(given.signature ?? ""),
      userHandle: given.user ? bytes(given.user) : null,
      getPublicKey: () => (given.spki === null ? null : bytes(given.spki)),
      getPublicKeyAlgorithm: () => given.alg ?? -7,
      getAuthenticatorData: () => bytes(given.authenticator),
      getTransports: () => ["internal"],
      ...(job.old ? { getPublicKey: undefined } : {}),
    },
  };
};
globalThis.isSecureContext = !job.insecure;
if (!job.unsupported) globalThis.PublicKeyCredential = class {};
Object.defineProperty(globalThis, "navigator", { value: { credentials: { create: answer, get: answer } }, configurable: true });
const stop = new AbortController();
if (job.stopped) setTimeout(() => stop.abort(), 5);
try {
  const given = job.call === "shownEntry" ? job.options.unsigned : job.options;
  const result = await passkey[job.call](given, { signal: stop.signal, ...(job.seconds ? { seconds: job.seconds } : {}) });
  console.log(JSON.stringify({ asked, result }));
} catch (error) {
  console.log(JSON.stringify({ asked, code: error instanceof passkey.Refusal ? error.code : `crash: ${error.stack}`, codes: passkey.CODES }));
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module as the house serves it, made of today's sources, and the bridge beside it."""
    made = tmp_path_factory.mktemp("passkey")
    (made / "passkey.mjs").write_text(module("src/house/passkey.js"), "utf-8")
    (made / "bridge.mjs").write_text(BRIDGE, "utf-8")
    return made


def ask(folder: Path, call: str, options: Any, **job: Any) -> dict[str, Any]:
    """What the module asked the browser, and what it gave or refused."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("Node is absent, so the passkey module was NOT run")
    answer = {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value for name, value in job.pop("answer", {}).items()
    }
    text = json.dumps({"call": call, "options": options, "answer": answer, **job})
    command = [program, str(folder / "bridge.mjs"), text]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": os.environ.get("PATH", "")}, timeout=30)
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def bytes_of(value: dict[str, str]) -> bytes:
    return base64.b64decode(value["bytes"])


def device() -> tuple[Device, dict[str, Any]]:
    """A member's device with a passkey, and what its page posted."""
    made = Device("heron", SITE.origins[0])
    return made, made.enrol(enrol_options())


def enrol_options(held: Any = ()) -> dict[str, Any]:
    return enrolment_options(question(ENROL), SITE, site_name="Saltmarsh Radio", user=HERON, user_name="heron", held=held)


def question(purpose: bytes) -> Question:
    return Question(purpose, hashlib.sha256(b"nonce").digest(), 0)


def offer(credential: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An everyday entry of heron's, as a page hands it to the module."""
    key = passkey_of(credential, SITE.rp_id, *SITE.origins).key_id
    unsigned = entries.unsigned_entry(
        type="propose",
        org=ORG,
        epoch=0,
        by="heron",
        key=key,
        seen=(3, bytes(32)),
        nonce=bytes(16),
        body={"kind": "diary", "payload": {"10": [True, "Öl\nund"], "9": {"b": 1, "a": 2}}, "not_after": 5},
    )
    return {"unsigned": unsigned, "id": entries.entry_id(unsigned), "rp_id": SITE.rp_id, "credentials": [credential], **changes}


def test_a_new_passkey_is_asked_for_as_the_house_needs_it(folder: Path) -> None:
    """Resident, with its person verified, of the three algorithms, without attestation; and what it gives is what the kernel verifies."""
    phone = Device("heron", SITE.origins[0])
    held = [(b"another", ("usb",)), (b"third", ())]
    options = enrol_options(held)
    made = phone.create(
        {
            "challenge": question(ENROL).challenge,
            "rp": {"id": SITE.rp_id},
            "user": {"id": HERON},
            "excludeCredentials": [],
            "pubKeyCredParams": [{"alg": -7}],
        }
    )
    found = ask(folder, "enrol", options, answer=made)
    (asked,) = found["asked"]
    assert bytes_of(asked["challenge"]) == question(ENROL).challenge
    assert asked["rp"] == {"id": "localhost", "name": "Saltmarsh Radio"}
    assert (bytes_of(asked["user"].pop("id")), asked["user"]) == (HERON, {"name": "heron", "displayName": "heron"})
    assert [each["alg"] for each in asked["pubKeyCredParams"]] == [-7, -8, -257]
    assert asked["authenticatorSelection"] == {"residentKey": "required", "requireResidentKey": True, "userVerification": "required"}
    assert (asked["attestation"], asked["timeout"]) == ("none", 130_000)
    assert [(bytes_of(each["id"]), each.get("transports")) for each in asked["excludeCredentials"]] == [
        (b"another", ["usb"]),
        (b"third", None),
    ]
    verify_enrolment(question(ENROL), parse_enrolment(found["result"]), SITE, 0)
    # The device of the tests posts what the module posts.
    assert found["result"] == Device("heron", SITE.origins[0]).enrol(options)


def test_signing_in_names_nobody_and_is_verified_by_the_kernel(folder: Path) -> None:
    """No list of credentials stands in the question, so nobody learns from it who is a member."""
    phone, credential = device()
    options = sign_in_options(question(SIGN_IN), SITE)
    found = ask(folder, "signIn", options, answer=phone.get({"challenge": question(SIGN_IN).challenge, "rpId": SITE.rp_id}))
    (asked,) = found["asked"]
    assert set(asked) == {"challenge", "rpId", "userVerification", "timeout"}
    assert (bytes_of(asked["challenge"]), asked["userVerification"]) == (question(SIGN_IN).challenge, "required")
    passkey = passkey_of(credential, SITE.rp_id, *SITE.origins)
    verify_sign_in(question(SIGN_IN), parse_answer(found["result"]), passkey, HERON, 0)
    unnamed = ask(folder, "signIn", options, answer={**phone.get({"challenge": b"", "rpId": SITE.rp_id}), "user": None})
    assert unnamed["result"]["user_id"] == ""


@attack(
    "passkey-disguise",
    Mutation(
        SOURCE,
        find='return sha256(concat(domain, decode(nonce, NONCE_BYTES, "nonce")));',
        replace='return decode(nonce, NONCE_BYTES, "nonce");',
    ),
)
@pytest.mark.parametrize("call", ["signIn", "enrol"])
def test_the_page_never_hands_a_server_s_bytes_to_a_passkey(folder: Path, call: str) -> None:
    """An entry's challenge that was put into a question comes out as another one."""
    _, credential = device()
    challenge = hashlib.sha256(entries.signed_bytes(offer(credential)["unsigned"])).digest()
    options = {**enrol_options(), "nonce": b64.encode(challenge)}
    found = ask(folder, call, options, fails="NotAllowedError")
    assert bytes_of(found["asked"][0]["challenge"]) != challenge
    short = ask(folder, call, {**options, "nonce": b64.encode(challenge[:31])})
    assert (short["asked"], short["code"]) == ([], "base64/length")


def test_an_entry_is_signed_as_it_is_shown_and_finished_as_python_finishes_it(folder: Path) -> None:
    """Challenge, id, short code and leaf are Python's to the byte; only the passkey that the entry names is asked for."""
    phone, credential = device()
    other = Device("tern", SITE.origins[0]).enrol(enrol_options())
    options = offer(credential)
    unsigned = options["unsigned"]
    challenge = hashlib.sha256(entries.signed_bytes(unsigned)).digest()
    used = phone.get({"challenge": challenge, "rpId": SITE.rp_id})
    found = ask(folder, "signEntry", {**options, "credentials": [other, credential]}, answer=used)
    (asked,) = found["asked"]
    assert bytes_of(asked["challenge"]) == challenge
    assert [bytes_of(each["id"]) for each in asked["allowCredentials"]] == [phone.held[0].id]
    assert asked["userVerification"] == "required"
    parts = {name: used[name] for name in ("authenticator", "client", "signature")}
    leaf = entries.with_assertion(unsigned, **parts)
    assert found["result"] == {"id": options["id"], "code": short_code(options["id"]), "leaf": b64.encode(leaf)}
    assert entries.parse_entry(leaf).id == options["id"]
    assert ask(folder, "shownEntry", options)["result"] == {"id": options["id"], "code": short_code(options["id"])}


@attack(
    "passkey-shown-differs",
    Mutation(SOURCE, find='demand(shown === id, "passkey/shown-differs"', replace='demand(true, "passkey/shown-differs"'),
)
def test_a_page_that_shows_another_entry_than_the_offered_one_asks_no_passkey(folder: Path) -> None:
    """One word that differs between the shown object and the offered id, either way, and nobody is asked."""
    _, credential = device()
    options = offer(credential)
    altered = {**options["unsigned"], "body": {**options["unsigned"]["body"], "not_after": 6}}
    for wrong in ({**options, "unsigned": altered}, {**options, "id": entries.entry_id(altered)}, {**options, "id": options["id"].upper()}):
        found = ask(folder, "signEntry", wrong, answer={})
        assert (found["asked"], found["code"]) == ([], "passkey/shown-differs")


def test_what_is_no_unsigned_entry_asks_no_passkey(folder: Path) -> None:
    """A founding, a signed entry, a null, and another member's key are refused before anybody is asked."""
    _, credential = device()
    other = Device("tern", SITE.origins[0]).enrol(enrol_options())
    options = offer(credential)
    unsigned = options["unsigned"]
    for wrong, code in [
        ({"unsigned": {**unsigned, "sig": {}}}, "entry/fields"),
        ({"unsigned": {name: value for name, value in unsigned.items() if name != "seen"}}, "entry/fields"),
        ({"unsigned": None}, "entry/fields"),
        ({"unsigned": {**unsigned, "epoch": 0.5}}, "canonical/type"),
        ({"unsigned": {**unsigned, "by": "her\u202eon"}}, "canonical/character"),
        ({"credentials": []}, "passkey/key"),
        ({"credentials": [other]}, "passkey/key"),
        ({"credentials": [{**credential, "alg": "rs256"}]}, "passkey/key"),
        ({"credentials": [{**credential, "alg": "constructor"}]}, "passkey/key"),
    ]:
        found = ask(folder, "signEntry", {**options, **wrong}, answer={})
        assert (found["asked"], found["code"]) == ([], code)


@pytest.mark.parametrize(
    ("job", "code"), [({}, ""), ({"insecure": True}, "passkey/insecure"), ({"unsupported": True}, "passkey/unsupported")]
)
def test_a_page_learns_before_it_asks_that_no_passkey_can_be_used(folder: Path, job: dict[str, Any], code: str) -> None:
    """It can leave out a button that would not work, and say why."""
    assert ask(folder, "lacking", None, **job)["result"] == code


def test_an_answer_of_another_passkey_makes_no_leaf(folder: Path) -> None:
    """What was not asked for is not sent on."""
    phone, credential = device()
    used = phone.get({"challenge": bytes(32), "rpId": SITE.rp_id})
    assert ask(folder, "signEntry", offer(credential), answer={**used, "id": b"other"})["code"] == "passkey/other-credential"


@pytest.mark.parametrize(
    ("job", "code"),
    [
        ({"fails": "NotAllowedError"}, "passkey/refused"),
        ({"fails": "InvalidStateError"}, "passkey/exists"),
        ({"fails": "SecurityError"}, "passkey/domain"),
        ({"fails": "NotSupportedError"}, "passkey/algorithm"),
        ({"fails": "ConstraintError"}, "passkey/verification"),
        ({"fails": "AbortError"}, "passkey/stopped"),
        ({"fails": "OperationError"}, "passkey/busy"),
        ({"fails": "UnknownError"}, "passkey/failed"),
        ({"fails": "constructor"}, "passkey/failed"),
        ({"nothing": True}, "passkey/refused"),
        ({"silent": True, "seconds": 0.02}, "passkey/timeout"),
        ({"silent": True, "stopped": True}, "passkey/stopped"),
        ({"insecure": True}, "passkey/insecure"),
        ({"unsupported": True}, "passkey/unsupported"),
        ({"old": True, "answer": {"id": b"", "client": b"", "authenticator": bytes(37), "spki": b""}}, "passkey/unsupported"),
        ({"answer": {"id": b"", "client": b"", "authenticator": bytes(37), "spki": b"", "alg": -37}}, "passkey/algorithm"),
        ({"answer": {"id": b"", "client": b"", "authenticator": bytes(37), "spki": None}}, "passkey/algorithm"),
    ],
)
def test_every_failure_has_a_stable_code(folder: Path, job: dict[str, Any], code: str) -> None:
    """Pages choose their words from the code, so each failure of the browser has one, and the list holds them all."""
    found = ask(folder, "enrol", enrol_options(), **job)
    assert found["code"] == code
    assert code in found["codes"]
