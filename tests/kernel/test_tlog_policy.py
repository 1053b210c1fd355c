"""Laws about policies: who counts as a witness, how often, and what time a set of witnesses gives."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError
from commonhold.kernel.notes import COSIGNATURE, ED25519, SignerKey, append_signatures
from commonhold.kernel.tlog.checkpoint import Checkpoint, cosign
from commonhold.kernel.tlog.policy import NONE, Group, Party, Policy, parse_policy
from commonhold.kernel.tlog.policyfile import MAX_POLICY_BYTES
from tests.attacks import Mutation, attack

POLICY = "src/commonhold/kernel/tlog/policy.py"
LOG = SignerKey("commonhold/saltmarsh/0", bytes([1]) * 32)
SIGNERS = {name: SignerKey(f"{name}.example", bytes([number]) * 32, COSIGNATURE) for number, name in enumerate("ABCDEF", 10)}
W = {name: str(signer.verifier) for name, signer in SIGNERS.items()}
LOG_VKEY = str(LOG.verifier)
HEAD = Checkpoint(LOG.name, 42, bytes(32))
NOTE = HEAD.sign(LOG)


def three_of_four() -> Policy:
    return Policy.build([LOG_VKEY], {name: W[name] for name in "ABCD"}, {"partners": (3, "ABCD")}, "partners")


def nested() -> Policy:
    """Two of: A or B of one operator, C, and both of D and E."""
    return Policy.build(
        [LOG_VKEY], {name: W[name] for name in "ABCDE"}, {"top": (2, ["one", "C", "two"]), "one": (1, "AB"), "two": (2, "DE")}, "top"
    )


def met(policy: Policy, names: set[str]) -> bool:
    try:
        policy.require(names)
    except ProofError:
        return False
    return True


# ------------------------------------------------------------------------------------------------------------------------ meaning


def test_fewer_witnesses_than_the_policy_asks_for_are_not_enough() -> None:
    """One witness fewer than the threshold moves nothing, and the refusal says how many of how many, and who is missing."""
    policy = three_of_four()
    policy.require({"A", "B", "D"})
    with pytest.raises(ProofError, match="2 of the 3 demanded by partners have cosigned; missing: C, D") as refusal:
        policy.require({"A", "B"})
    assert refusal.value.code == "policy/not-met"
    assert refusal.value.data == {
        "quorum": "partners",
        "have": 2,
        "need": 3,
        "missing": ["C", "D"],
        "groups": {"partners": {"have": 2, "need": 3}},
    }
    assert refusal.value.next_step


def test_nested_groups_count_each_operator_once() -> None:
    """Two witnesses of one operator are one voice in the outer group; a group that demands both is none with one."""
    policy = nested()
    enough = [{"A", "C"}, {"B", "C"}, {"A", "D", "E"}, {"C", "D", "E"}, set("ABCDE")]
    assert all(met(policy, names) for names in enough)
    too_few = [set(), {"A", "B"}, {"C"}, {"A", "B", "D"}, {"D", "E"}, {"C", "D"}]
    assert not any(met(policy, names) for names in too_few)
    assert list(policy.groups) == ["one", "two", "top"], "groups stand after their members, however they were given"


def test_the_name_of_a_group_or_a_stranger_counts_for_nothing() -> None:
    """Whoever could slip in the name of a group would sign for all of it."""
    policy = nested()
    assert not met(policy, {"one", "two", "top", "none", "Z"})
    assert policy.time({"one": 5, "two": 5, "top": 5, "Z": 5}) is None


def test_a_single_witness_can_be_the_quorum() -> None:
    """Then nobody else's cosignature matters."""
    policy = Policy.build([], {"A": W["A"], "B": W["B"]}, {}, "A")
    assert met(policy, {"A"})
    with pytest.raises(ProofError) as refusal:
        policy.require({"B"})
    assert (refusal.value.data["have"], refusal.value.data["need"]) == (0, 1)
    assert policy.time({"A": 7, "B": 9}) == 7


def test_a_policy_without_quorum_demands_nothing_and_has_no_clock() -> None:
    """With ``none`` every checkpoint is good enough, and no witness's time means anything."""
    policy = Policy.build([LOG_VKEY], {"A": W["A"]}, {}, NONE)
    assert met(policy, set())
    assert policy.time({"A": 7}) is None
    assert policy.check(NOTE).time is None


@attack("record-08", Mutation(POLICY, find="known[name] = signed[group.threshold - 1]", replace="known[name] = signed[0]"))
def test_one_witness_that_dates_into_the_future_moves_nothing() -> None:
    """The policy's time is the latest at which enough witnesses stood behind the checkpoint."""
    policy = three_of_four()
    assert policy.time({"A": 100, "B": 101, "C": 102}) == 100
    assert policy.time({"A": 100, "B": 101, "C": 2**60}) == 100
    assert policy.time({"A": 100, "B": 101, "C": 2**60, "D": 103}) == 101
    assert policy.time({"A": 1, "B": 101, "C": 102, "D": 103}) == 101, "one that lags moves nothing either"
    assert policy.time({"A": 100, "B": 101}) is None


@given(st.dictionaries(st.sampled_from("ABCDEZ"), st.integers(0, 5)))
def test_the_time_is_the_largest_at_which_the_policy_is_met(times: dict[str, int]) -> None:
    """Trying every second gives the same answer as the rule, and there is a time exactly where the policy is met."""
    policy = nested()
    good = [t for t in range(6) if met(policy, {name for name, time in times.items() if time >= t})]
    assert policy.time(times) == (max(good) if good else None)
    assert (policy.time(times) is not None) == met(policy, set(times))


# ----------------------------------------------------------------------------------------------------------------------- checking


def cosigned(times: dict[str, int], note: bytes = NOTE) -> bytes:
    return append_signatures(note, *(cosign(note, SIGNERS[name], time) for name, time in times.items()))


def test_a_checkpoint_that_meets_the_policy_is_verified_with_its_times() -> None:
    """The answer holds the checkpoint, each witness's time by its name here, and the policy's own."""
    verified = three_of_four().check(cosigned({"A": 100, "C": 300, "D": 200}))
    assert verified.checkpoint == HEAD
    assert verified.times == {"A": 100, "C": 300, "D": 200}
    assert verified.time == 100


def test_a_checkpoint_that_does_not_meet_the_policy_is_refused() -> None:
    """Too few witnesses, a stranger's cosignature, another log, or no log at all: each is refused for its own reason."""
    policy = three_of_four()
    stranger = SignerKey("A.example", bytes([99]) * 32, COSIGNATURE)
    raw = cosigned({"A": 1, "B": 2})
    for note, code in (
        (raw, "policy/not-met"),
        (append_signatures(raw, cosign(raw, stranger, 3)), "policy/not-met"),
        (HEAD.sign(SignerKey("else.example", bytes([5]) * 32)), "note/no-known-key"),
        (cosigned({"A": 1, "B": 2, "C": 3}, HEAD.sign(SignerKey(LOG.name, bytes([6]) * 32))), "checkpoint/no-log"),
        (raw.replace(b"42", b"43"), "note/bad-signature"),
    ):
        with pytest.raises(ProofError) as refusal:
            policy.check(note)
        assert refusal.value.code == code


def test_a_policy_without_logs_needs_them_from_elsewhere() -> None:
    """A policy may leave the log open; then the reader names it, or is told to."""
    policy = Policy.build([], {"A": W["A"]}, {}, "A")
    with pytest.raises(FormatError) as refusal:
        policy.check(cosigned({"A": 5}))
    assert refusal.value.code == "policy/no-log"
    assert policy.check(cosigned({"A": 5}), logs=[LOG.verifier]).time == 5


def test_a_log_of_the_policy_cannot_sign_for_another_log_of_it() -> None:
    """The vkey's name is the log's origin (tlog-policy), so each log speaks for itself only."""
    other = SignerKey("commonhold/estuary/0", bytes([7]) * 32)
    policy = Policy.build([LOG_VKEY, str(other.verifier)], {}, {}, NONE)
    assert policy.check(NOTE).checkpoint == HEAD
    with pytest.raises(ProofError) as refusal:
        policy.check(HEAD.sign(other))
    assert refusal.value.code == "checkpoint/origin"


# ------------------------------------------------------------------------------------------------------------------------ refusals


@attack("record-02", Mutation(POLICY, find="if key.public in seen:", replace="if key.name in seen:"))
def test_one_public_key_is_one_witness_whatever_it_is_called() -> None:
    """The same key under two names, as two logs, or as log and witness at once, is refused: it is one holder."""
    alias = SignerKey("alias.example", SIGNERS["A"].seed, COSIGNATURE)
    as_log = SignerKey("log.example", SIGNERS["A"].seed)
    for build in (
        lambda: Policy.build([], {"A": W["A"], "B": alias.verifier}, {}, "A"),
        lambda: Policy.build([], {"A": W["A"], "B": W["A"]}, {}, "A"),
        lambda: Policy.build([LOG_VKEY, LOG_VKEY], {}, {}, NONE),
        lambda: Policy.build([as_log.verifier], {"A": W["A"]}, {}, "A"),
    ):
        with pytest.raises(FormatError, match="same public key") as refusal:
            build()
        assert refusal.value.code == "policy/duplicate-key"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (([], {"A": W["A"]}, {"g": (1, "A"), "h": (1, "A")}, "g"), "policy/listed-twice"),
        (([], {"A": W["A"]}, {"g": (1, "AA")}, "g"), "policy/listed-twice"),
        (([], {"A": W["A"]}, {"g": (1, "B")}, "g"), "policy/undefined-name"),
        (([], {"A": W["A"]}, {"g": (1, ["none"])}, "g"), "policy/undefined-name"),
        (([], {"A": W["A"]}, {}, "B"), "policy/undefined-name"),
        (([], {}, {"g": (1, "h"), "h": (1, "g")}, "g"), "policy/circle"),
        (([], {"A": W["A"]}, {"g": (1, ["g", "A"])}, "g"), "policy/circle"),
        (([], {"A": W["A"]}, {"g": (0, "A")}, "g"), "policy/threshold"),
        (([], {"A": W["A"]}, {"g": (2, "A")}, "g"), "policy/threshold"),
        (([], {"A": W["A"]}, {"g": (1, "")}, "g"), "policy/threshold"),
        (([], {"none": W["A"]}, {}, "none"), "policy/name"),
        (([], {"A": W["A"]}, {"none": (1, "A")}, "none"), "policy/name"),
        (([], {"A": W["A"], "B": W["B"]}, {"A": (1, "B")}, "A"), "policy/duplicate-name"),
        (([], {"A": LOG_VKEY}, {}, "A"), "policy/key-kind"),
        (([W["A"]], {}, {}, NONE), "policy/key-kind"),
        (([], {"A": "no vkey"}, {}, "A"), "vkey/malformed"),
    ],
)
def test_a_policy_that_says_nothing_clear_is_refused(arguments: tuple[Any, ...], code: str) -> None:
    """Undefined names, circles, thresholds out of range, members of two groups and keys of the wrong kind make no policy."""
    with pytest.raises(FormatError) as refusal:
        Policy.build(*arguments)
    assert refusal.value.code == code


def test_two_keys_that_share_a_name_and_an_id_are_refused() -> None:
    """Ids are four bytes, so somebody can make two keys collide; a policy with both could not tell their signatures apart."""
    first = SIGNERS["A"].verifier
    second = type(first)(first.name, first.key_id, first.kind, SIGNERS["B"].verifier.public)
    with pytest.raises(FormatError) as refusal:
        Policy((), {"A": Party(first), "B": Party(second)}, {}, "A")
    assert refusal.value.code == "note/ambiguous-key"


def many(count: int, kind: int) -> list[str]:
    return [str(SignerKey(f"k{n}.example", bytes([kind, 1]) + n.to_bytes(30, "big"), kind).verifier) for n in range(count)]


def test_a_policy_may_be_large_but_not_without_bound() -> None:
    """256 logs, witnesses and groups are accepted, as a file too; 257 of any are refused."""
    logs, witnesses = many(257, ED25519), dict(zip(map(str, range(257)), many(257, COSIGNATURE), strict=True))
    most = dict(itertools.islice(witnesses.items(), 256))
    groups = {f"g{name}": (1, [name]) for name in most}
    policy = Policy.build(logs[:256], most, groups, "g255")
    assert parse_policy(policy.format()) == policy
    for build in (
        lambda: Policy.build(logs, {}, {}, NONE),
        lambda: Policy.build([], witnesses, {}, "0"),
        lambda: Policy.build([], most, {**groups, "more": (1, ["g0"])}, "more"),
    ):
        with pytest.raises(FormatError) as refusal:
            build()
        assert refusal.value.code == "policy/too-many"
    too_many_lines = (
        [f"log {vkey}" for vkey in logs],
        [f"witness {name} {vkey}" for name, vkey in witnesses.items()],
        [f"witness {name} {vkey}" for name, vkey in most.items()] + [f"group g{name} any {name}" for name in most] + ["group more any g0"],
    )
    for lines in too_many_lines:
        with pytest.raises(FormatError, match=f"line {len(lines)} of the policy: there are more than 256") as refusal:
            parse_policy("\n".join([*lines, "not read any more", ""]).encode())
        assert refusal.value.code == "policy/too-many"


# --------------------------------------------------------------------------------------------------------------------- the text form


EXAMPLE = f"""\
# The partners of the Saltmarsh Community Radio
log {LOG_VKEY} https://saltmarsh.example/record

\twitness A {W["A"]}  https://a.example/
  witness B\t{W["B"]}
witness C {W["C"]}
group pair all A B
group either any pair C   \t
group two 1 either
quorum two
"""


def test_a_policy_file_is_read_as_it_is_written() -> None:
    """Comments, empty lines, spaces and tabs are left out; urls are kept; all and any are numbers."""
    policy = parse_policy(EXAMPLE.encode())
    assert policy.logs == (Party(LOG.verifier, "https://saltmarsh.example/record"),)
    assert policy.witnesses["A"] == Party(SIGNERS["A"].verifier, "https://a.example/")
    assert policy.groups == {"pair": Group(2, ("A", "B")), "either": Group(1, ("pair", "C")), "two": Group(1, ("either",))}
    assert policy.quorum == "two"
    assert parse_policy(policy.format()) == policy
    assert met(policy, {"C"})
    assert not met(policy, {"A"})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "policy/cut-short"),
        ("# nothing\n", "policy/no-quorum"),
        ("quorum none", "policy/cut-short"),
        ("quorum none\nquorum none\n", "policy/second-quorum"),
        ("quorum A\n", "policy/undefined-name"),
        (f"quorum A\nwitness A {W['A']}\n", "policy/undefined-name"),
        ("quorum\n", "policy/line"),
        ("quorum none none\n", "policy/line"),
        ("Quorum none\n", "policy/line"),
        ("log\n", "policy/line"),
        (f"log {LOG_VKEY} url more\n", "policy/line"),
        (f"witness A {W['A']} url more\n", "policy/line"),
        ("witness A\n", "policy/line"),
        (f"witness A {W['A']}\nwitness A {W['B']}\n", "policy/duplicate-name"),
        (f"witness A {W['A']}\ngroup A 1 A\n", "policy/duplicate-name"),
        (f"witness none {W['A']}\n", "policy/name"),
        (f"witness A {W['A']}\ngroup none 1 A\n", "policy/name"),
        (f"group g 1 A\nwitness A {W['A']}\nquorum g\n", "policy/undefined-name"),
        (f"witness A {W['A']}\ngroup g 1 none\n", "policy/undefined-name"),
        (f"witness A {W['A']}\ngroup g 1 g\n", "policy/undefined-name"),
        (f"witness A {W['A']}\ngroup g 1\n", "policy/line"),
        (f"witness A {W['A']}\ngroup g 0 A\n", "policy/threshold"),
        (f"witness A {W['A']}\ngroup g 2 A\n", "policy/threshold"),
        (f"witness A {W['A']}\ngroup g 01 A\n", "policy/threshold"),
        (f"witness A {W['A']}\ngroup g +1 A\n", "policy/threshold"),
        (f"witness A {W['A']}\ngroup g All A\n", "policy/threshold"),
        (f"witness A {W['A']}\ngroup g {'9' * 5000} A\n", "policy/threshold"),
        (f"witness A {W['A']}\ngroup g 1 A A\nquorum g\n", "policy/listed-twice"),
        (f"witness A {W['A']} \nquorum A\r\n", "policy/character"),
        ("quorum none\x7f\n", "policy/character"),
        ("quorum none\x0b\n", "policy/character"),
        ("quorum\u00a0none\n", "policy/line"),
        ("a" * MAX_POLICY_BYTES + "\n", "policy/too-large"),
        (f"log {LOG_VKEY[:-1]}\n", "base64/not-canonical"),
    ],
)
def test_a_malformed_policy_file_is_refused(text: str, code: str) -> None:
    """Each kind of mistake in a policy file is refused for its own reason."""
    with pytest.raises(FormatError) as refusal:
        parse_policy(text.encode())
    assert refusal.value.code == code


def test_a_mistake_in_a_policy_file_is_named_by_its_line() -> None:
    """A person who wrote the file finds the line without counting."""
    with pytest.raises(FormatError, match="line 3 of the policy: maybe is no log") as refusal:
        parse_policy(b"# one\n\nmaybe\n")
    assert refusal.value.data == {"line": 3}


def test_names_are_octets_that_survive_and_are_never_printed_raw() -> None:
    """A name that is not UTF-8, or that reorders text, is kept to the byte in the policy and escaped in messages."""
    raw = f"witness A {W['A']}\n".encode().replace(b"A ", b"\xff\xe2\x80\xae ", 1) + b"quorum \xff\xe2\x80\xae\n"
    policy = parse_policy(raw)
    assert policy.format() == raw
    with pytest.raises(ProofError) as refusal:
        policy.require(set())
    assert str(refusal.value).isascii()
    kelvin = f"witness \u212a {W['A']}\nwitness K {W['B']}\nquorum K\n".encode()
    assert set(parse_policy(kelvin).witnesses) == {"\u212a", "K"}, "names are not normalised"


@pytest.mark.parametrize("name", ["", "two words", "tab\t", "line\n", "\x7f"])
def test_a_policy_that_cannot_be_written_as_a_file_is_not(name: str) -> None:
    """Structured data may hold any name; the file form refuses one that would be read as something else."""
    with pytest.raises(FormatError) as refusal:
        Policy.build([], {name: W["A"]}, {}, name).format()
    assert refusal.value.code == "policy/word"


@given(
    st.binary(max_size=200)
    | st.lists(st.sampled_from(EXAMPLE.splitlines()), max_size=12).map(lambda lines: "\n".join([*lines, ""]).encode())
)
def test_nothing_but_our_errors_leaves_the_parser(raw: bytes) -> None:
    """Arbitrary bytes, and the lines of a good policy in any order, are a policy that survives its file, or are refused in words."""
    with contextlib.suppress(CommonholdError):
        policy = parse_policy(raw)
        assert parse_policy(policy.format()) == policy
