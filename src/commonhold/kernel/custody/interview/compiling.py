"""From answers to a register: every thing by its family, with what was assumed beside it."""

from __future__ import annotations

from dataclasses import dataclass

from commonhold.kernel.custody.interview.answers import Interview
from commonhold.kernel.custody.interview.building import Builder, Open
from commonhold.kernel.custody.interview.families import FAMILIES
from commonhold.kernel.custody.interview.kinds import KINDS
from commonhold.kernel.custody.register import Node, Register, check_references
from commonhold.kernel.messages import Say, in_english


@dataclass(frozen=True, slots=True)
class Taken:
    """An assumption about one thing: its id, whether it is taken to hold, and whether people said so themselves."""

    thing: str
    assumption: str
    text: str
    holds: bool
    decided: bool


@dataclass(frozen=True, slots=True)
class Compiled:
    """The register of an interview, the assumptions that it rests on, and the recovery paths that nobody has looked up."""

    register: Register
    assumptions: tuple[Taken, ...]
    open: tuple[Open, ...]


def compile_register(interview: Interview, say: Say = in_english) -> Compiled:
    """The register that follows from the answers, in the language of *say*; parties and nodes are called by the names that people gave."""
    builder = Builder(interview, say)
    assumptions = []
    for thing in interview.things:
        kind = KINDS[thing.kind]
        FAMILIES[kind.family](builder, thing)
        for item in kind.assumptions:
            holds = thing.assumptions.get(item.id, item.usual)
            assumptions.append(Taken(thing.id, item.id, say(item.text), holds, item.id in thing.assumptions))
    check_references(builder.parties, builder.nodes)
    return Compiled(Register(interview.title, builder.parties, builder.nodes), tuple(assumptions), tuple(builder.open))


def nodes_of(interview: Interview, id_: str) -> tuple[Node, ...]:
    """The nodes of one thing in :func:`compile_register`'s register, in English; the answers about other things change nothing in them."""
    builder = Builder(interview, in_english)
    for thing in interview.things:
        if thing.id == id_:
            FAMILIES[KINDS[thing.kind].family](builder, thing)
    return tuple(builder.nodes.values())
