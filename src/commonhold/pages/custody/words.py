"""The sentences of a custody report, as HTML: who could do what, how soon, what it takes. Powers, never intentions; "at least", never a promise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from babel.lists import format_list
from markupsafe import Markup, escape

from commonhold.kernel.custody import Answer, AtLeast, NodeRef, Path, Register, Step, Way
from commonhold.kernel.custody.register import DOUBTFUL_SHARES, EARLIER_SHARES, TOGETHER, UNDECLARED, Input
from commonhold.pages.custody.facts import Facts, Soon, Takers
from commonhold.pages.custody.names import clean, node_name
from commonhold.pages.language import Language, plain

FEW: Final = 6
"""How many names or sets a summary lists before it counts the rest."""


class Words:
    """Phrases about one register in one language."""

    def __init__(self, register: Register, language: Language) -> None:
        self.register, self.language = register, language
        self.html, self.html_count = language.html, language.html_count

    # ------------------------------------------------------------------------------------------------------------------- names

    def node(self, id_: str) -> Markup:
        """A node's name."""
        return Markup("<bdi>{}</bdi>").format(plain(node_name(self.register, id_, self.language)))

    def names(self, ids: Iterable[str], *, either: bool = False, most: int = FEW) -> Markup:
        """Parties as a list in words; after *most* of them, how many more there are."""
        listed = list(ids)
        shown = [Markup("<bdi>{}</bdi>").format(clean(id_)) for id_ in listed[:most]]
        return self.joined(shown, left=len(listed) - len(shown), either=either)

    def labels(self, found: Sequence[Facts]) -> Markup:
        """The names of resources as a list in words."""
        shown = [Markup("<bdi>{}</bdi>").format(one.resource.name) for one in found[:FEW]]
        return self.joined(shown, left=len(found) - len(shown))

    def joined(self, parts: Sequence[Markup], *, left: int = 0, either: bool = False) -> Markup:
        """Phrases as a list in words."""
        more = [self.html_count("%(n)s more", "%(n)s more", left)] if left else []
        # The words between are CLDR's and hold no markup; the parts are markup already.
        joined = format_list([*map(str, parts), *map(str, more)], style="or" if either else "standard", locale=self.language.locale)
        return Markup(joined)  # noqa: S704 - as said

    # ------------------------------------------------------------------------------------------------------------------- takers

    def takers(self, found: Takers | None) -> list[Markup]:
        """Who alone could take a resource, platforms apart, in lines."""
        if found is None:
            return [self.html("Not looked at: unknown.")]
        if found.anybody:
            return [self.html("Anybody: it takes nobody's consent.")]
        lines = [self.names(found.members, either=True)] if found.members else []
        if found.outsiders:
            lines.append(self.html("people outside: %(names)s", names=self.names(found.outsiders, either=True)))
        if not lines:
            lines.append(self.nobody(found))
        lines += [
            self.html(
                "with the help of %(platforms)s: %(names)s", platforms=self.names(platforms, either=either), names=self.names([person])
            )
            for person, platforms, either in self.helped(found)
        ]
        return lines

    @staticmethod
    def helped(found: Takers) -> Sequence[tuple[str, Sequence[str], bool]]:
        """People who need platforms' help, of those whom nothing else makes takers already; and whether any one of the platforms is enough."""
        wanted = [(person, platforms) for person, platforms in found.helped if person not in found.alone]
        single: dict[str, list[str]] = {}
        for person, platforms in wanted:
            if len(platforms) == 1:
                single.setdefault(person, []).append(platforms[0])
        together = [(person, platforms, False) for person, platforms in wanted if len(platforms) > 1]
        return [*((person, listed, True) for person, listed in single.items()), *together][:2]

    def nobody(self, found: Takers) -> Markup:
        """That no person alone is known to be enough, and what is known of more of them."""
        if found.needed is None:
            return self.html("No person and no group of people that the answers name.")
        if found.at_least:
            number = found.needed
            return self.html_count(
                "Unknown: it takes at least %(n)s person, more could not be computed.",
                "Nobody alone. It takes at least %(n)s people, more could not be computed.",
                number,
            )
        groups = [Markup(" + ").join([self.names([id_]) for id_ in group]) for group in found.people[:2]]
        if left := len(found.people) - len(groups):
            groups.append(self.html_count("%(n)s more", "%(n)s more", left))
        listed = Markup("; ").join(groups)
        return self.html_count(
            "Nobody alone; %(n)s person together: %(groups)s",
            "Nobody alone; %(n)s people together could: %(groups)s",
            found.needed,
            groups=listed,
        )

    def badge(self, found: Takers | None) -> tuple[str, Markup]:
        """How many people it takes, as a sort (``one``, ``two``, ``more``, ``unknown``) and in words."""
        if found is None or (found.at_least and not found.alone):
            least = found.needed if found is not None and found.needed else 0
            if least > 1:
                return "unknown", self.html_count("%(n)s person or more", "%(n)s people or more", least)
            return "unknown", self.html("unknown")
        if found.anybody or found.needed in (0, 1):
            return "one", self.html("one person is enough")
        if found.needed is None:
            return "more", self.html("nobody known")
        return "two" if found.needed == 2 else "more", self.html_count("%(n)s person", "%(n)s people", found.needed)

    def lockout(self, found: Answer | None) -> list[Markup]:
        """Whose absence locks the organisation out, in lines."""
        if found is None:
            return [self.html("Not looked at: unknown.")]
        if found.sets == ((),):
            return [self.html("We are locked out already.")]
        singles = [one[0] for one in found.sets if len(one) == 1]
        if singles:
            return [self.names(singles, either=True)]
        if found.at_least is None:
            return [self.html("Nobody's.")]
        if found.smallest is None:
            return [
                self.html_count(
                    "Unknown: at least %(n)s person has to be gone, more could not be computed.",
                    "No one person's. At least %(n)s people have to be gone, more could not be computed.",
                    found.at_least,
                )
            ]
        return [self.html_count("No one person's; %(n)s person.", "No one person's; %(n)s people together.", found.smallest)]

    # -------------------------------------------------------------------------------------------------------------------- time

    def days(self, days: float) -> Markup:
        """A time from the first step, in words."""
        return escape(self.language.days(days)) if days else self.html("no time")

    def soon(self, found: Soon | None) -> list[Markup]:
        """How soon, and whether anybody could see it."""
        if found is None:
            return [self.html("Unknown.")]
        first = self.html("After %(time)s at the earliest.", time=self.days(found.days)) if found.days else self.html("At once.")
        return [first, self.seen(found)]

    def seen(self, found: Soon) -> Markup:
        """Whether others could see it before its end."""
        if found.warning is None:
            return self.html("Nobody could see it coming.")
        if found.unseen is not None:
            return self.html("Nobody could see it coming where it takes %(time)s.", time=self.days(found.unseen))
        if not found.warning:
            return self.html("Others could see it only when it happens.")
        return self.html("Others could see it %(time)s before.", time=self.days(found.warning))

    def duration(self, path: Path) -> Markup:
        """How long a path takes and how much warning it gives."""
        found = Soon(path.days, path.warning, path.days if path.warning is None else None)
        return Markup(" ").join(self.soon(found))

    # -------------------------------------------------------------------------------------------------------------------- ways

    def item(self, found: Input) -> Markup:
        """An input in words."""
        if isinstance(found, AtLeast):
            parts = [self.item(part) for part in found.of]
            if found.need == 1:
                return self.joined(parts[:12], left=max(len(parts) - 12, 0), either=True)
            listed = self.joined(parts[:12], left=max(len(parts) - 12, 0))
            return self.html("%(need)s of these %(number)s: %(names)s", need=found.need, number=len(found.of), names=listed)
        return self.node(found.id) if isinstance(found, NodeRef) else self.names([found.id])

    def way(self, way: Way) -> Markup:
        """A way in words: what it is called, what it takes together, how long, and whether others can see it."""
        inputs = [self.item(item) for item in way.all]
        takes = self.joined(inputs) if inputs else self.html("nobody's consent")
        said = self.html("%(way)s: %(inputs)s", way=self.via(way.via), inputs=takes) if way.via else takes
        return Markup("{}{}").format(said, self.marks(way.days, visible=way.visible, assumed=way.assumed))

    def via(self, via: str) -> Markup | str:
        """What a way is called."""
        said = {
            UNDECLARED: lambda: self.html("nobody has looked it up, so its holder alone counts"),
            TOGETHER: lambda: self.html("custodians put their shares together; they need no release for it"),
            DOUBTFUL_SHARES: lambda: self.html("the same, with shares that may be lost"),
            EARLIER_SHARES: lambda: self.html("custodians of an earlier seal, whose content nobody has attested to be worth nothing"),
        }.get(via)
        return said() if said is not None else clean(via)

    def marks(self, days: float, *, visible: bool, assumed: bool) -> Markup:
        """What is to be said of a step beside what it takes."""
        said = [escape(self.language.days(days))] if days else []
        said += [self.html("others could see it")] if visible else []
        said += [self.html("assumed")] if assumed else []
        return Markup(' <span class="soft">({})</span>').format(Markup(" · ").join(said)) if said else Markup()

    def step(self, step: Step) -> Markup:
        """One step of a path."""
        needs = [
            self.node(id_) if id_ in self.register.nodes and id_ not in self.register.parties else self.names([id_]) for id_ in step.needs
        ]
        takes = self.joined(needs) if needs else self.html("nobody's consent")
        said = self.html("%(node)s, through %(inputs)s", node=Markup("<b>{}</b>").format(self.node(step.node)), inputs=takes)
        via = Markup(": {}").format(Markup("<bdi>{}</bdi>").format(self.via(step.via))) if step.via else Markup()
        return Markup("{}{}{}").format(said, via, self.marks(step.ends - step.begins, visible=step.visible, assumed=step.assumed))

    def coalition(self, found: Iterable[str]) -> Markup:
        """A set of parties that act, or are lost, together."""
        return Markup(" + ").join([self.names([id_]) for id_ in found])

    def more(self, answer: Answer, shown: int) -> Markup | None:
        """What an answer holds beyond the sets that are shown, or does not know."""
        left = len(answer.sets) - shown
        if answer.up_to == 0:
            return self.html("Nothing of this could be computed: who else could is unknown.")
        if answer.up_to is not None:
            return self.html_count(
                "Sets of more than %(n)s person are not listed; there may be more of them than could be computed.",
                "Sets of more than %(n)s people are not listed; there may be more of them than could be computed.",
                answer.up_to,
            )
        return self.html_count("%(n)s more set is not shown here.", "%(n)s more sets are not shown here.", left) if left > 0 else None
