"""Makes brief.json: brief proofs and what a reader is told of them (docs/formats/brief-proof.md).

Run it from the root of the checkout: ``python vectors/make_brief.py``. It uses no randomness, so making the file again changes nothing. A small
club in memory decides a few things under a policy of two of three partners; ``why`` is the reader's name for the reason of a verdict.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.notes import SignerKey, append_signatures, note_of, parse_note
from commonhold.kernel.record.brief import MAX_VALUES, check_brief, parse_brief
from commonhold.kernel.record.briefverdict import judge_brief
from commonhold.kernel.record.fold import Outcome
from commonhold.kernel.record.pin import make_pin, parse_pin
from commonhold.kernel.record.state import value_of
from commonhold.testing.house import MemoryHouse

OUT = Path(__file__).parent
Case = dict[str, Any]
Value = dict[str, Any]
T0 = 1_900_000_000
DAY = 86_400
MEMBERS = ("heron", "tern", "plover")
PARTNERS = ("avocet", "dunlin", "knot")
MAJORITY = {"base": "register", "more_than": "1/2"}
KINDS = ("elect", "dismiss", "admit", "expel", "recover-member", "partner", "entrust", "statement", "channel", "succeed", "outing")
RULES = {
    "charter": {"id": "club"},
    "bodies": {"assembly": {"article": "1", "members": "all(member)"}},
    "offices": {"chair": {"article": "1", "elected_by": "assembly", "seats": 1}},
    "decisions": {
        "amend": {"article": "1", "by": "assembly", "pass": MAJORITY, "applies_to": ["*"]},
        **{kind: {"article": "1", "by": "assembly", "pass": MAJORITY} for kind in KINDS},
    },
}


def must(outcome: Outcome) -> None:
    """Stop where an act that the vectors need does not count.

    Raises:
        RuntimeError: with the words of its refusal.
    """
    if not outcome.counts:
        raise RuntimeError(outcome.words)


def text(name: str) -> str:
    """A digest to stand for some text."""
    return hashlib.sha256(name.encode()).hexdigest()


class Club(MemoryHouse):
    """The club, with partners and a clock."""

    def __init__(self, seed: str) -> None:
        charter = {"form": "commonhold/charter/v1", "title": text(""), "articles": {"1": text("1")}, "rules": RULES}
        super().__init__(charter, MEMBERS, {"chair": "heron"}, seed=seed)
        self.accept_all()
        self.now = T0
        self.approve(self.propose("heron", "partner", self.make_partners(*PARTNERS, k=2, vouch=True)), "heron", "tern")
        must(self.attest(T0))

    def decide(self, kind: str, **payload: Any) -> int:
        """Propose, approve and attest; gives the proposal's index."""
        index = self.tree.size
        self.approve(self.propose("heron", kind, payload), "heron", "tern")
        self.now += 60
        must(self.attest(self.now))
        return index

    def policy(self) -> Value:
        """The policy in force, as plain data."""
        found: Value = value_of(self.state.part("partners")["policy"])
        return found


def render() -> dict[str, str]:
    """Every file by its name."""
    club, other = Club("club"), Club("other")
    pins: dict[str, bytes] = {
        "club": make_pin(club.state, ["https://avocet.example/mirror/0"]).to_bytes(),
        "other": make_pin(other.state).to_bytes(),
    }
    value = {
        "about": "Brief proofs as strings of canonical JSON. Each is checked against the pin of that name and judged at `now`.",
        "briefs": brief_cases(club, other, pins),
    }
    value["pins"] = {name: raw.decode() for name, raw in pins.items()}
    return {"brief.json": json.dumps(value, indent=1, ensure_ascii=True) + "\n"}


def entry_id(club: Club, index: int) -> str:
    """The id of the entry at an index."""
    entry = club.outcomes[index].entry
    return entry.id if entry is not None else ""


def brief_cases(club: Club, other: Club, pins: dict[str, bytes]) -> list[Case]:
    """Brief proofs, true and bent, and the verdict on each."""
    cases: list[Case] = []

    def case(name: str, raw: bytes, why: str = "", code: str = "", *, now: int = 0, pin: str = "club") -> None:
        told: Case = {"expect": "refuse", "why": why, "code": code}
        if not code:
            checked = check_brief(parse_brief(raw), parse_pin(pins[pin]))
            verdict = judge_brief(checked, now or T0 + DAY)
            told = {
                "expect": "accept",
                "time": checked.time,
                "validators": list(checked.validators),
                "verdict": verdict.code,
                "words": verdict.words,
                "why": why,
            }
        cases.append({"name": name, "pin": pin, "now": now or T0 + DAY, "brief": raw.decode(), **told})

    def bent(raw: bytes, change: Callable[[Value], Any]) -> bytes:
        value = json.loads(raw)
        change(value)
        return canonical_bytes(value)

    flyer, radio = "https://club.example/flyer", "https://club.example/radio"
    said = club.decide("statement", text=text("said"), language="en")
    added = club.decide("channel", op="add", address=flyer)
    at = T0 + DAY - 100
    early = club.brief(at, ("channels", flyer)).to_bytes()
    early_state = club.vouched(at)
    moved = club.decide("channel", op="move", address=flyer, to=radio)
    outing = club.decide("outing", text=text("outing"))
    open_ = club.tree.size
    club.propose("heron", "statement", {"text": text("open"), "language": "en"})
    seat = club.decide("appoint", office="chair", member="tern")
    entrusted = club.decide("entrust", resource="mast", holders=["heron"])

    # What is true, fresh and old.
    statement = club.brief(at, index=said).to_bytes()
    case("a statement that stands", statement)
    case("an hour and more later", statement, now=at + 3_601)
    case("more than a week later", statement, "old", now=at + 7 * DAY + 1)
    case("partners' clocks ahead of the reader's", statement, "ahead", now=at - 301)
    case("the founding", club.brief(at, index=0).to_bytes())
    case("an acceptance of the founding", club.brief(at, index=1).to_bytes())
    case("an approval", club.brief(at, index=said + 1).to_bytes())
    case("a resolution", club.brief(at, index=outing).to_bytes())
    case("a resource entrusted", club.brief(at, index=entrusted).to_bytes())
    case("an appointment that nobody accepted", club.brief(at, index=seat).to_bytes(), "no-seat")
    case("a proposal that is open", club.brief(at, index=open_).to_bytes(), "not-enacted")
    case("an attest", club.brief(at, index=said + 3).to_bytes(), "type")
    case("a move", club.brief(at, index=moved).to_bytes())
    case("the channel that it moved to", club.brief(at, ("channels", radio)).to_bytes())
    case("the channel that it left", club.brief(at, ("channels", flyer)).to_bytes(), "moved")
    case("the channel before it was left, shown again a day later", early, now=T0 + 2 * DAY)
    case("a channel that there never was", club.brief(at, ("channels", "https://club.example/no")).to_bytes(), "never")
    case("a key before all others", club.brief(at, ("channels", "!!!")).to_bytes(), "never")
    case("a key after all others", club.brief(at, ("works", "ff" * 32)).to_bytes(), "never")
    case("a member", club.brief(at, ("members", "tern")).to_bytes())
    case("a seat that was only offered", club.brief(at, ("seats", "chair/tern")).to_bytes(), "status")
    case("a proposal without its entry", club.brief(at, ("proposals", entry_id(club, said))).to_bytes())
    case("a proposal without its entry, struck since", club.brief(at, ("proposals", entry_id(club, added))).to_bytes(), "moved")
    case("a proposal without its entry, open", club.brief(at, ("proposals", entry_id(club, open_))).to_bytes(), "not-enacted")
    unsaid = bent(club.brief(at, ("proposals", entry_id(club, said))).to_bytes(), lambda value: value["values"].pop())
    case("a proposal without its entry and without its end", unsaid, "not-shown")
    case("nothing but the organisation", club.brief(at).to_bytes())
    case("the newest policy beside it", club.brief(at, ("channels", radio), ("partners", "policy")).to_bytes())
    case("one validator dates into the future", club.brief({"avocet": at, "dunlin": at, "knot": 2**62}, ("members", "tern")).to_bytes())
    hidden = bent(statement, lambda value: value["values"].pop())
    case("what became of the statement is left out", hidden, "not-shown")
    text_object = b"commonhold/text/v1\n" + b64.encode(bytes(16)).encode() + b"\n\nA text.\n"
    case(
        "a text that nothing names, under its digest",
        bent(statement, lambda value: value["texts"].update({hashlib.sha256(text_object).hexdigest(): b64.encode(text_object)})),
    )

    # Who has signed.
    member = club.brief(at, ("members", "tern")).to_bytes()
    alone = club.brief({"avocet": at}, ("members", "tern")).to_bytes()
    case("one partner of two", alone, "one is too few", "brief/validators")
    case(
        "two vouch and one mirrors",
        bent(member, lambda value: value.update(checkpoint=club.note({"knot": at}))),
        "one is too few",
        "brief/mirrors",
    )
    own = SignerKey(club.state.origin, club.log.seed)
    state_text = parse_note(club.vouched(at)).text
    by_log = note_of(state_text, [own.sign(state_text)]).decode()
    case(
        "the log vouches for its own state",
        bent(member, lambda value: value.update(state=by_log)),
        "the log grants nothing",
        "note/no-known-key",
    )
    by_mirrors = note_of(state_text, [club.partners[name].sign(state_text, at) for name in PARTNERS]).decode()
    case(
        "mirrors vouch with their mirror keys",
        bent(member, lambda value: value.update(state=by_mirrors)),
        "each key has one purpose",
        "note/no-known-key",
    )
    case(
        "the log's word for the time",
        bent(member, lambda value: value.update(checkpoint=club.checkpoint().decode())),
        "no mirror",
        "brief/mirrors",
    )
    no_log = parse_note(club.note(at).encode())
    without = note_of(no_log.text, [line for line in no_log.signatures if line.name != club.state.origin]).decode()
    case("the log has not signed", bent(member, lambda value: value.update(checkpoint=without)), "known, and silent", "checkpoint/no-log")
    case("the pin of another organisation", other.brief(at, ("members", "tern")).to_bytes(), "another's pin", "brief/other-org")
    relabelled = bent(other.brief(at, ("members", "tern")).to_bytes(), lambda value: value.update(org=club.org))
    case("another organisation's proof under this name", relabelled, "unknown validators", "note/no-known-key")
    signed = parse_note(club.vouched(at))
    altered = note_of(signed.text, [club.validators["avocet"].sign("another text\n", at), *signed.signatures[1:]]).decode()
    case(
        "a signature that is none, in a partner's name",
        bent(member, lambda value: value.update(state=altered)),
        "one bad signature",
        "note/bad-signature",
    )
    strangers = append_signatures(club.vouched(at), *parse_note(other.vouched(at)).signatures).decode()
    case("strangers sign as well", bent(member, lambda value: value.update(state=strangers)))
    many = club.vouched(at).decode() + parse_note(club.vouched(at)).signatures[0].line * 98
    case("a hundred and one signatures", bent(member, lambda value: value.update(state=many)), "too many", "note/too-many-signatures")

    # What they have signed.
    old_state = bent(member, lambda value: value.update(state=early_state.decode()))
    case("an older state under a newer checkpoint", old_state, "the proofs are of another state", "brief/count")
    values = json.loads(early)["values"]
    mixed = bent(old_state, lambda value: value.update(values=values))
    case("an older state with its own proofs under a newer checkpoint", mixed, "two sizes", "brief/other-checkpoint")
    leaf = json.loads(base_leaf(member))
    leaf[2]["status"] = "departed"
    case(
        "a swapped value",
        bent(member, lambda value: value["values"][0]["leaves"][0].update(leaf=b64.encode(canonical_bytes(leaf)))),
        "not that leaf",
        "proof/root",
    )
    case("another key's value", bent(member, lambda value: value["values"][0].update(key="heron")), "not what was asked", "state/absent")
    missing = club.brief(at, ("channels", "https://club.example/no")).to_bytes()
    gap = json.loads(club.brief(at, ("members", "tern")).to_bytes())["values"][0]["leaves"][0]
    case(
        "absence with a gap",
        bent(missing, lambda value: value["values"][0]["leaves"].__setitem__(1, gap)),
        "not neighbours",
        "state/absent",
    )
    case("absence with one neighbour", bent(missing, lambda value: value["values"][0]["leaves"].pop()), "half a gap", "state/absent")
    case("presence shown as absence", bent(member, lambda value: value["values"][0].update(leaves=[])), "nothing shown", "state/absent")
    case("another count", bent(member, lambda value: value["values"][0].update(count=1)), "not that state", "brief/count")
    entry = bent(statement, lambda value: value["entry"].update(index=value["entry"]["index"] + 1))
    case("an entry at another place", entry, "the path leads elsewhere", "proof/root")
    long = bent(statement, lambda value: value["entry"].update(hashes=[b64.encode(bytes(32))] * 65))
    case("a proof of 65 lines", long, "no tree is so high", "proof/length")
    case(
        "a text under another's digest",
        bent(statement, lambda value: value["texts"].update({text("said"): b64.encode(text_object)})),
        "not that text",
        "brief/text",
    )

    # Later epochs.
    epoch_cases(club, pins, case, bent, at)

    # The file.
    case("another form", bent(member, lambda value: value.update(form="commonhold/brief/v2")), "not known", "brief/form")
    case("a further field", bent(member, lambda value: value.update(more=1)), "no field is ignored", "brief/shape")
    case(
        "three leaves",
        bent(member, lambda value: value["values"][0].update(leaves=value["values"][0]["leaves"] * 3)),
        "two are enough",
        "brief/shape",
    )
    case("a negative index", bent(member, lambda value: value["values"][0]["leaves"][0].update(index=-1)), "no such leaf", "brief/shape")
    case("one key twice", bent(member, lambda value: value["values"].append(value["values"][0])), "which of them?", "brief/twice")
    case(
        "257 values",
        bent(
            member, lambda value: value.update(values=[{**value["values"][0], "key": f"k{n}", "leaves": []} for n in range(MAX_VALUES + 1)])
        ),
        "too many",
        "brief/shape",
    )
    case("two thousand lists", bent(member, lambda value: value["values"][0].update(leaves=[[]] * 2_000)), "too many parts", "brief/parts")
    case(
        "base64 in another spelling",
        bent(member, lambda value: value["values"][0]["leaves"][0].update(hashes=["A"])),
        "one spelling",
        "base64/not-canonical",
    )
    case("a short hash", bent(member, lambda value: value["values"][0]["leaves"][0].update(hashes=["AAAA"])), "32 bytes", "base64/length")
    return cases


def epoch_cases(
    club: Club, pins: dict[str, bytes], case: Callable[..., None], bent: Callable[[bytes, Callable[[Value], Any]], bytes], at: int
) -> None:
    """A later epoch: opened, decided, and under partners who follow one another."""
    policy = club.policy()
    later = club.branch_off("later")
    must(later.open("tern", policy))
    case("an epoch that somebody has opened, and nobody decided", later.brief(at, ("members", "tern")).to_bytes(), "epoch")
    later.succeed("heron", "tern", "plover")
    must(later.attest(at - 50))
    decided = later.brief(at, ("members", "tern")).to_bytes()
    case("a later epoch that the members decided", decided)
    hidden = bent(decided, lambda value: value["values"].pop())
    case("a later epoch that does not show how it came about", hidden, "it may be undecided", "brief/epochs")
    rival = club.branch_off("rival")
    must(rival.open("heron", policy))
    wrong = bent(rival.brief(at, ("members", "tern")).to_bytes(), lambda value: value.update(values=json.loads(decided)["values"]))
    case("one epoch's succession under another's log", wrong, "another state", "brief/count")
    pins["later"] = make_pin(later.state).to_bytes()
    case("an epoch that was left, under the pin of the next", club.brief(at, ("members", "tern")).to_bytes(), "old-epoch", pin="later")
    case(
        "another log of the pinned epoch",
        rival.brief(at, ("members", "tern")).to_bytes(),
        "two claim the epoch",
        "brief/other-log",
        pin="later",
    )


def base_leaf(raw: bytes) -> bytes:
    """The first leaf that a brief proof shows."""
    return b64.decode(json.loads(raw)["values"][0]["leaves"][0]["leaf"])


if __name__ == "__main__":
    for name, rendered in render().items():
        (OUT / name).write_text(rendered, "ascii")
