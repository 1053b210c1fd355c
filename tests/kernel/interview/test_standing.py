"""Laws about how an organisation stands: the quick answer in worlds is that of the whole analysis, before a change and after it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from commonhold.kernel.custody import Node, Party, Register
from commonhold.kernel.custody.interview import Interview, Person, Standing, Thing, compile_register, standing
from commonhold.kernel.custody.interview.standing import Worlds
from tests.kernel.custody.graphs import registers
from tests.kernel.interview.strategies import interviews, same


def _mixed(found: Register, kinds: list[str]) -> Register:
    parties = {
        id_: Party(id_, "platform" if kind == "platform" else party.kind, party.org)
        for (id_, party), kind in zip(found.parties.items(), kinds, strict=False)
    }
    nodes = {
        id_: replace(node, kind="account") if kind == "account" else node
        for (id_, node), kind in zip(found.nodes.items(), kinds, strict=False)
    }
    return Register(found.title, {**found.parties, **parties}, {**found.nodes, **nodes})


@given(registers(), st.lists(st.sampled_from(["person", "platform", "account"]), max_size=7))
@settings(max_examples=200)
def test_how_one_stands_is_what_the_analysis_finds_for_one(found: Register, kinds: list[str]) -> None:
    """Who takes it alone and whose loss alone locks out, for every resource of any register, cycles and thresholds included."""
    mixed = _mixed(found, kinds)
    assert same(standing(mixed), mixed)


@given(interviews())
def test_how_an_interview_stands_is_what_the_analysis_finds(found: Interview) -> None:
    """The same for registers that come from answers."""
    register = compile_register(found).register
    assert same(standing(register), register)


@given(registers(), registers(), st.data())
def test_a_few_changed_nodes_are_weighed_as_the_whole_would_be(found: Register, other: Register, data: st.DataObject) -> None:
    """Only what leans on them is looked at anew, and the answer is that of the changed register; what was asked before leaves no trace."""
    shared = found.nodes.keys() & other.nodes.keys()
    new = {id_: other.nodes[id_] for id_ in sorted(shared)}
    whole = Register("", {**other.parties, **found.parties}, {**other.nodes, **found.nodes})
    worlds = Worlds(whole)
    now = worlds.standing()
    changed = [new[id_] for id_ in data.draw(st.lists(st.sampled_from(sorted(shared)), unique=True))]
    assert worlds.standing([worlds.form(node) for node in changed]) == standing(whole.replacing(changed))
    assert worlds.standing() == now == standing(whole)


def test_a_long_chain_is_walked_without_recursion() -> None:
    """However the nodes stand in the file."""
    chain = {f"n{number}": Node(f"n{number}", "resource", "", ()) for number in range(3)}
    found = Register("", {"heron": Party("heron", "person", org=True)}, chain)
    assert standing(found).losses == {"n0": None, "n1": None, "n2": None}


def test_the_weight_counts_first_what_one_can_take() -> None:
    """A takeover weighs more than a lock-out, an outsider more than one of our own, and a thing that is out of reach counts as lost."""
    fine = Standing({"a.use": ("x",), "a.exclusive": (), "a.destroy": ()}, {"a.use": (), "a.exclusive": (), "a.destroy": ("x",)})
    assert (fine.weight, fine.taken(), fine.lost(), fine.destroyed()) == (0, (), (), ())
    taken = replace(fine, takers={"a.exclusive": ("x",), "a.destroy": ("x",)})
    assert (taken.weight, taken.taken(), taken.destroyed()) == (25, ("a.exclusive",), ("a.destroy",))
    assert replace(taken, outside=frozenset({"x"})).weight == 30
    lost = replace(fine, losses={"a.use": ("x",), "a.exclusive": None})
    assert (lost.weight, lost.lost()) == (26, ("a.use", "a.exclusive"))


def test_finding_out_that_there_is_no_way_around_a_password_is_never_bad_news_for_lock_out() -> None:
    """A recovery that nobody has looked up counts for whoever could take a thing, and is no way back for those who have lost it."""
    thing = Thing("t1", "mailbox", "box", {"password": ("p1",), "second_step": ("p2",)})
    unknown = Interview("x", "en", "", (Person("p1", "Ann"), Person("p2", "Bob")), (thing,))
    told = replace(unknown, things=(replace(thing, answers={**thing.answers, "reset_mail": ("-",), "reset_phone": ("-",)}),))
    before, after = (standing(compile_register(one).register).losses["box.use"] for one in (unknown, told))
    assert before == after == ("Ann", "Bob")


def test_whoever_moves_a_domain_reads_the_mail_at_it() -> None:
    """Somebody in whose name a domain is, and who cannot sign in there, still takes the mailboxes at that domain."""
    domain = Thing(
        "t1", "domain", "x.example", {"contract": ("p2",), "password": ("p1",), "reset_mail": ("-",), "reset_phone": ("-",), "dns": ("-",)}
    )
    mail = Thing(
        "t2", "mailbox", "box", {"password": ("p1",), "reset_mail": ("-",), "reset_phone": ("-",), "admins": ("-",), "domain": ("t1",)}
    )
    found = standing(
        compile_register(Interview("x", "en", "", (Person("p1", "Ann"), Person("p2", "Gil", inside=False)), (domain, mail))).register
    )
    assert found.takers["box.exclusive"] == ("Ann", "Gil")
