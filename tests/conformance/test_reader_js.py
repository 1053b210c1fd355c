"""The reader's JavaScript over the same vectors as Python: every acceptance, every refusal and every code is the same.

It runs in Node, out of the one script that the inliner makes. Where there is no Node these tests are skipped and say so.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel import b64, ed25519
from commonhold.kernel.tlog.policy import parse_policy
from tests.conformance.test_record_vectors import SIGSUM, TESSERA_KEY, TESSERA_SIZES, as_vkeys, proof_files, tessera
from tests.kernel.test_bech32 import PADDED, REFUSED
from tests.reader.node import Reader, RefusedError, verdict
from tests.shared_data import shared_data

pytestmark = pytest.mark.conformance

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
Case = dict[str, Any]


def load(name: str) -> Case:
    value: Case = json.loads((VECTORS / name).read_text("ascii"))
    return value


def judge(cases: list[Case], ask: Callable[[Case], Any]) -> None:
    """Hold the reader to each case: it passes, or is refused with the code that stands there."""
    assert cases
    for case in cases:
        if case["expect"] == "accept":
            ask(case)
        else:
            with pytest.raises(RefusedError) as refusal:
                ask(case)
            assert refusal.value.code == case["code"], case["name"]


# ------------------------------------------------------------------------------------------------------------------- our own vectors


def test_canonical_json_is_judged_as_the_vectors_say(reader: Reader) -> None:
    """Each value has its bytes, and each refused string of bytes stands for nothing."""

    def ask(case: Case) -> None:
        if case["expect"] == "accept":
            assert reader.ask("canonical", raw=case["canonical"].encode()) == b64.encode(case["canonical"].encode())
        else:
            reader.ask("canonical", raw=case["raw_base64"], max=10_000)

    judge(load("canonical.json")["cases"], ask)


def test_notes_and_vkeys_are_judged_as_the_vectors_say(reader: Reader) -> None:
    """Each note opens with its text and signers, and each vkey has its name, kind and id, or is refused."""

    def note(case: Case) -> None:
        found = reader.ask("note", raw=case["note_base64"], vkeys=case["vkeys"])
        assert found == {"text": case["text"], "signers": case["signers"], "unknown": case["unknown"]}

    def vkey(case: Case) -> None:
        found = reader.ask("vkey", vkey=case["vkey"])
        assert found == {"name": case["key_name"], "kind": case["kind"], "id": case["key_id"], "again": case["vkey"]}

    judge(load("notes.json")["cases"], note)
    judge(load("notes.json")["vkeys"], vkey)


def test_cosignatures_are_judged_as_the_vectors_say(reader: Reader) -> None:
    """Each cosignature gives its time, over exactly the message that stands there, or is refused."""
    vectors = load("cosignature.json")

    def ask(case: Case) -> None:
        found = reader.ask("cosignature", text=case["text"], vkey=vectors["vkey"], line=case["line"].removesuffix("\n"))
        assert found == {"time": case["time"], "message": case["message_base64"]}

    judge(vectors["cases"], ask)


def test_the_tree_and_its_proofs_are_judged_as_the_vectors_say(reader: Reader) -> None:
    """Each size has its root, and each inclusion and consistency proof holds or is refused."""
    vectors = load("merkle.json")
    for size, root in enumerate(vectors["roots"]):
        assert reader.ask("root", entries=vectors["entries_base64"][:size]) == root
    judge(vectors["inclusion"], lambda case: reader.ask("inclusion", **fields(case, "index size leaf proof root")))
    judge(vectors["consistency"], lambda case: reader.ask("consistency", **fields(case, "old new old_root new_root proof")))


def fields(case: Case, names: str) -> Case:
    return {name: case[name] for name in names.split()}


def test_tiles_and_bundles_are_those_of_the_vectors(reader: Reader) -> None:
    """Each path names its tile or is refused, each log has its tiles, and the bundle its entries."""
    vectors = load("tiles.json")

    def ask(case: Case) -> None:
        assert reader.ask("tile", path=case["name"]) == {"level": case["level"], "index": str(case["index"]), "width": case["width"]}

    judge(vectors["paths"], ask)
    for log in vectors["logs"]:
        assert reader.ask("tile-levels", size=log["size"]) == log["levels"]
    bundle = vectors["bundle"]
    entries = bundle["entries_base64"]
    assert reader.ask("bundle", raw=bundle["raw_base64"], count=len(entries)) == entries
    for count, raw in ((len(entries) + 1, bundle["raw_base64"]), (len(entries) - 1, bundle["raw_base64"]), (257, bundle["raw_base64"])):
        assert verdict(lambda count=count, raw=raw: reader.ask("bundle", raw=raw, count=count)).startswith("tile/bundle-")


def test_policies_are_judged_as_the_vectors_say(reader: Reader) -> None:
    """Each set of times meets the policy at its time, or does not; each malformed policy is refused."""
    vectors = load("policy.json")
    for case in vectors["cases"]:
        found = reader.ask("policy", raw=vectors["policy"].encode(), times=case["times"])
        assert found["time"] == (None if case["time"] is None else str(case["time"]))
        assert found["met"] == (True if case["expect"] == "accept" else case["code"]), case["name"]
    for case in vectors["malformed"]:
        with pytest.raises(RefusedError) as refusal:
            reader.ask("policy", raw=case["policy"].encode())
        assert refusal.value.code == case["code"], case["name"]


def test_offline_proofs_are_judged_as_the_vectors_say(reader: Reader) -> None:
    """Each proof shows its entry in the log under the policy, or is refused."""
    vectors = load("tlog-proof.json")

    def ask(case: Case) -> None:
        found = reader.ask("verify-proof", raw=case["proof"].encode(), entry=case["entry_base64"], policy=vectors["policy"].encode())
        assert found == {name: str(case[name]) for name in ("index", "size", "time")}

    judge(vectors["cases"], ask)


def test_kits_are_derived_as_the_vectors_say(reader: Reader) -> None:
    """From each secret follow the same words, keys, fingerprint, signature and card; wrong words are refused, naming the place."""
    vectors = load("kit.json")
    for case in vectors["kits"]:
        found = reader.ask("kit", secret=bytes.fromhex(case["secret"]), message=vectors["message"], member=case["member"])
        assert base64.b64decode(found.pop("card")).decode() == case["card"]
        assert found == fields(case, "words text sign age age_identity key fingerprint signature")
        numbered = ", ".join(f"{place}. {word.upper()}" for place, word in enumerate(case["words"].split(), 1))
        for again in (
            reader.ask("kit-words", typed=case["words"]),
            reader.ask("kit-words", typed=numbered),
            reader.ask("kit-text", typed=case["text"]),
        ):
            assert again["key"] == case["key"]
    for case in vectors["refused_words"]:
        with pytest.raises(RefusedError) as refusal:
            reader.ask("kit-words", typed=case["typed"])
        assert (refusal.value.code, refusal.value.data.get("place")) == (case["why"], case.get("place"))
    for case in vectors["refused_recipients"]:
        assert verdict(lambda case=case: reader.ask("recipient", age=case["age"])) == case["why"]


def test_every_broken_text_of_bech32_has_one_code_in_both(reader: Reader) -> None:
    """The specification's counterexamples, and bits that mean nothing."""
    for text, code in (*REFUSED, *((text, "bech32/padding") for text in PADDED)):
        assert verdict(lambda text=text: reader.ask("recipient", age=text)) == code, text


def test_a_mistyped_word_is_answered_with_the_word_that_was_meant(reader: Reader) -> None:
    """Somebody who reads a worn sheet aloud learns which word is wrong and what it likely was."""
    words = load("kit.json")["kits"][0]["words"].split()
    for place in (3, 17):
        typed = [*words[: place - 1], words[place - 1][:-1] + "q", *words[place:]]
        with pytest.raises(RefusedError) as refusal:
            reader.ask("kit-words", typed=" ".join(typed))
        assert refusal.value.data["place"] == place
        assert words[place - 1] in refusal.value.data["suggestions"]


# --------------------------------------------------------------------------------------------------------------- vectors of others


def test_ed25519_agrees_with_pynacl_on_every_vector_of_others(reader: Reader) -> None:
    """Edge cases on which libraries disagree, and Wycheproof's, have libsodium's answer, and so has every key that may be enrolled."""
    cases = [
        (c["pub_key"], c["message"], c["signature"]) for c in json.loads(shared_data("record", "ed25519", "speccheck.json").read_text())
    ]
    wycheproof = json.loads(shared_data("record", "ed25519", "wycheproof.json").read_text())
    cases += [(g["publicKey"]["pk"], t["msg"], t["sig"]) for g in wycheproof["testGroups"] for t in g["tests"]]
    assert len(cases) >= 160
    for public, message, signature in ([bytes.fromhex(part) for part in case] for case in cases):
        found = reader.ask("ed25519", key=public, message=message, signature=signature)
        assert found == ed25519.is_valid(public, message, signature), (public.hex(), signature.hex())
        assert verdict(lambda public=public: reader.ask("enrol", key=public)) == verdict(
            lambda public=public: ed25519.check_public_key(public)
        )


def test_shared_notes_and_jcs_examples_are_judged_as_their_sources_judge_them(reader: Reader) -> None:
    """Real and hand-made notes open or are refused as Go's programs say; RFC 8785's examples lie outside the subset."""
    for case in json.loads(shared_data("record", "notes.json").read_text("utf-8")):
        refused = verdict(lambda case=case: reader.ask("note", raw=case["note"].encode(), vkeys=case["vkeys"])) != ""
        assert refused == (case["expect"] == "reject"), case["id"]
    for file in sorted(shared_data("record", "jcs", "output").glob("*.json")):
        assert verdict(lambda file=file: reader.ask("canonical", raw=file.read_bytes())).startswith("canonical/")


def test_shared_merkle_proofs_are_judged_as_expected(reader: Reader) -> None:
    """The good proofs of transparency-dev/merkle verify, and every bent one is refused."""
    judged = 0
    for kind, names in (
        ("inclusion", {"index": "leafIdx", "size": "treeSize", "leaf": "leafHash", "root": "root"}),
        ("consistency", {"old": "size1", "new": "size2", "old_root": "root1", "new_root": "root2"}),
    ):
        for file in proof_files(kind):
            case = json.loads(file.read_text("utf-8"))
            # Sizes of 64 bits would lose their last digits as JavaScript numbers, so they travel as text.
            job = {name: case[field] if isinstance(case[field], str | None) else str(case[field]) for name, field in names.items()}
            job = {name: "" if value is None else value for name, value in job.items()}
            refused = verdict(lambda kind=kind, job=job, case=case: reader.ask(kind, **job, proof=case["proof"] or [])) != ""
            assert refused == case["wantErr"], file.name
            judged += 1
    assert judged >= 90


def test_the_tessera_log_has_the_roots_that_it_signed(reader: Reader) -> None:
    """At each size the signed root is that of the entries of the bundle."""
    entries = reader.ask("bundle", raw=tessera("tile/entries/000.p/15"), count=15)
    for size in TESSERA_SIZES:
        found = reader.ask("checkpoint", text=reader.ask("note", raw=tessera(f"checkpoint.{size}"), vkeys=[TESSERA_KEY])["text"])
        assert (found["size"], found["root"]) == (str(size), reader.ask("root", entries=entries[:size]))


@pytest.mark.parametrize("name", SIGSUM)
def test_sigsums_policies_are_met_as_in_python(reader: Reader, name: str) -> None:
    """Taking witnesses away one by one, the policy stops being met where Python says so, and its time is the same until then."""
    raw = as_vkeys(shared_data("record", "sigsum", f"{name}.builtin-policy").read_text("utf-8"))
    policy = parse_policy(raw)
    everyone = sorted(policy.witnesses)
    for gone in range(len(everyone) + 1):
        times = {witness: 1_700_000_000 + len(witness) * place for place, witness in enumerate(everyone[gone:])}
        found = reader.ask("policy", raw=raw, times=times)
        assert found["met"] is True or re.fullmatch("policy/not-met", found["met"])
        assert (found["met"] is True) == (verdict(lambda times=times: policy.require(times.keys())) == "")
        time = policy.time(times)
        assert found["time"] == (None if time is None else str(time))
