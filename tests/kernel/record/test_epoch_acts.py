"""Laws of acts in an epoch: nothing that was signed for another one counts, and what a signer saw is of this log."""

from __future__ import annotations

import pytest

from commonhold.kernel.errors import FormatError
from commonhold.kernel.record.prooffile import check_provable
from commonhold.testing.house import derive
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import T0, Club, text
from tests.kernel.record.test_succession import opened, refused


@attack(
    "epoch-old-approvals",
    Mutation(
        "src/commonhold/kernel/record/fold.py", find="    if entry.epoch != state.epoch:\n", replace="    if entry.epoch > state.epoch:\n"
    ),
    Mutation(
        "src/commonhold/kernel/record/fold.py", find="    if roots(entry.seen_size) != entry.seen_root:\n", replace="    if not roots:\n"
    ),
    Mutation(
        "src/commonhold/kernel/record/fold.py",
        find='    if state.base and not entry.seen_size and entry.type != "open":\n',
        replace="    if not state:\n",
    ),
)
def test_nothing_of_another_epoch_counts() -> None:
    """An approval of the epoch before, and one of the same number in another log, are refused; so is what has seen nothing of this one."""
    club = Club(clocked=True)
    proposal = club.propose("heron", "ordinary", {"text": text("o")})
    old = club.sign("tern", "approve", {"proposal": proposal})
    house, rival = opened(club), opened(club, seed="rival")
    succession = house.succeed("heron")
    before = house.state
    refused(house, house.append(old), "entry/other-epoch", before)
    refused(house, house.append(club.leaves[-1]), "entry/replayed", before)
    rival.succeed("heron")
    theirs = rival.sign("tern", "approve", {"proposal": succession})
    refused(house, house.append(theirs), "entry/seen-other", before)
    blind = house.sign("tern", "approve", {"proposal": succession}, seen=0)
    refused(house, house.append(blind), "entry/seen-nothing", before)
    assert house.state.proposal(succession).approvals.keys() == {"heron"}  # type: ignore[union-attr] # it was proposed above


def test_what_a_signer_saw_is_counted_in_the_log_that_they_saw() -> None:
    """Sizes are the log's own and indexes count on, so an act that has not seen its proposal is refused in every epoch."""
    house = opened(Club(clocked=True))
    succession = house.succeed("heron")
    before = house.state
    refused(house, house.act("tern", "approve", seen=1, proposal=succession), "act/seen-too-little", before)
    refused(house, house.act("tern", "approve", seen=2, proposal=text("x")), "act/no-proposal", before)
    house.do("tern", "approve", proposal=succession)
    before = house.state
    refused(house, house.attest(T0 + 5, size=house.tree.size + 1, root=derive("x")), "attest/size", before)


def test_a_proof_file_of_the_first_form_holds_the_first_epoch_alone() -> None:
    """Its leaves are replayed from the founding, so it refuses to be made of any other log."""
    club = Club(clocked=True)
    check_provable(club.state)
    with pytest.raises(FormatError) as refusal:
        check_provable(opened(club).state)
    assert refusal.value.code == "prooffile/epoch"
