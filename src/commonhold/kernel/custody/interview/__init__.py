"""The custody interview: what people answer about the things they depend on, the register that follows from it, and what to do first.

:class:`Interview` holds the answers, :data:`KINDS` the questions and assumptions for each kind of thing, :func:`compile_register` makes a register
of them, and :func:`plan` finds the changes that help most. Pure: pages ask the questions, files keep the answers.
"""

from __future__ import annotations

from commonhold.kernel.custody.interview.answers import Interview, Person, Thing
from commonhold.kernel.custody.interview.answersfile import interview_bytes, parse_interview
from commonhold.kernel.custody.interview.compiling import Compiled, Taken, compile_register
from commonhold.kernel.custody.interview.kinds import KINDS, Kind
from commonhold.kernel.custody.interview.plan import Plan, Step, plan
from commonhold.kernel.custody.interview.questions import Assumption, Question
from commonhold.kernel.custody.interview.standing import Standing, standing

__all__ = [
    "Interview",
    "Person",
    "Thing",
    "parse_interview",
    "interview_bytes",
    "KINDS",
    "Kind",
    "Question",
    "Assumption",
    "compile_register",
    "Compiled",
    "Taken",
    "Standing",
    "standing",
    "plan",
    "Plan",
    "Step",
]
