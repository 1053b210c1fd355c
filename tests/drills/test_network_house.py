"""An organisation and its partners on hosts of their own, whose links are really cut: the clock that stops and goes on, and the log's host that is gone.

Every host is a network namespace, every process our own command line, and nothing but HTTP between them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.houses import House, found
from tests.drills.networks import Host, Network, network

pytestmark = pytest.mark.drill

LONG = 150.0
"""Seconds within which whoever was cut off is back by itself."""


@dataclass(frozen=True)
class Away:
    """A house whose log is served on one host, partners on others, and members on a host of their own."""

    net: Network
    house: House
    org: str
    partners: Mapping[str, Host]

    @property
    def members(self) -> Host:
        return self.net.hosts["members"]

    def by(self, name: str, *arguments: object, at: str) -> Any:
        """An act of a member through an address, which must succeed; gives its report."""
        code, told = self.members.commonhold(*arguments, "--house", at, "--kit", self.house.kit(name))
        assert code == 0, told
        return told

    def ask(self, *arguments: object) -> Any:
        """A question of a reader; gives the report."""
        return self.members.commonhold(*arguments)[1]

    def until_attested(self, at: str, entry: int) -> tuple[float, Any]:
        """Wait until the record's clock covers an entry; gives how long it took, and the clock."""
        began = time.monotonic()
        while time.monotonic() - began < LONG:
            clock = self.ask("state", "--house", at)["clock"]
            if clock.get("covers", 0) > entry:
                return time.monotonic() - began, clock
            time.sleep(1)
        raise AssertionError(f"entry {entry} was never attested: {clock}")

    def alarms(self, *hosts: Host) -> list[Any]:
        return [alarm for host in hosts for alarm in host.ask(f"{host.url}/alarms").json["alarms"]]


@contextmanager
def organisation(folder: Path, k: int, *names: str) -> Iterator[Away]:
    """A founded house on the host ``house``, whose log is served there, with so many of these partners for its clock."""
    house = found(folder / "saltmarsh")
    org, log = (house.ask("state")[key] for key in ("org", "log"))
    with network("house", "boat", "members", *names) as net, ExitStack() as stack:
        server, partners = net.hosts["house"], {name: net.hosts[name] for name in names}
        urls = [part for host in partners.values() for part in ("--partner", host.url)]
        stack.enter_context(server.serving("house", "log", "serve", "--house", house.path, *urls))
        for name, host in partners.items():
            stack.enter_context(host.partner(folder / name, f"{log}={server.url}"))
        one = Away(net, house, org, partners)
        payload = folder / "partner.json"
        code, told = server.commonhold("house", "partner", "policy", "--house", house.path, "--at-least", k, "--out", payload)
        assert code == 0, told
        proposal = one.by("heron", "propose", "partner", "--payload", payload, at=server.url)["entry"]
        for name in ("heron", "tern", "plover", "curlew"):
            last = one.by(name, "approve", proposal, at=server.url)
        one.until_attested(server.url, last["index"])
        yield one


def propose(one: Away, at: str, name: str = "heron") -> tuple[float, Any]:
    """A proposal through an address; gives how long the member waited, and the report."""
    began = time.monotonic()
    report = one.by(name, "propose", "channel", "op=add", f"address=https://saltmarsh.example/{began}", at=at)
    return time.monotonic() - began, report


@pytest.mark.parametrize("how", ["cut", "silence"])
def test_the_clock_stops_while_one_of_two_partners_is_cut_off_and_goes_on_by_itself(
    tmp_path: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The act is in the record all the same, and is covered by the clock some time after the link is there again, with nobody's help."""
    with organisation(tmp_path, 2, "kestrel", "merlin") as one:
        home, kestrel = one.net.hosts["house"].url, one.partners["kestrel"]
        propose(one, home)
        before = one.ask("state", "--house", home)["clock"]
        (one.net.cut if how == "cut" else one.net.silence)(kestrel)
        waited, report = propose(one, home)
        assert report["attested"] is False
        state = one.ask("state", "--house", home)
        assert (state["clock"], state["size"]) == (before, report["index"] + 1)
        # Whoever can be reached holds it already.
        _, again = propose(one, f"{one.partners['merlin'].url}/mirror/{home_hash(one)}", "tern")
        assert (again["in_record"], again["attested"]) == (True, False)
        one.net.mend(kestrel)
        took, clock = one.until_attested(home, again["index"])
        assert clock["time"] > before["time"]
        decided, act = propose(one, home)
        assert act["attested"] is True
        assert one.alarms(*one.partners.values()) == []
        told = one.ask("verify", home, "--org", one.org)
        assert told["verdict"] == "official"
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{how}: a member waited {waited:.0f} s to hear that the clock stands; it went on {took:.0f} s after the link, and an act took {decided:.0f} s again"
        )


def home_hash(one: Away) -> str:
    server = one.net.hosts["house"]
    return str(server.ask(f"{server.url}/").json["hash"])


def test_members_go_on_on_another_host_when_the_logs_host_is_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The log's host falls silent, and a third of the partners: members open the next epoch from a mirror, and the partners that are left decide."""
    with organisation(tmp_path, 2, "kestrel", "merlin", "hobby") as one, ExitStack() as stack:
        house, boat = one.net.hosts["house"], one.net.hosts["boat"]
        kestrel, merlin, hobby = one.partners.values()
        _, last = propose(one, house.url)
        old = home_hash(one)
        for host in one.partners.values():
            wait(lambda host=host: host.row(origin(one, old))["signed"]["size"] > last["index"])
        one.net.silence(house)
        one.net.cut(hobby)
        began = time.monotonic()
        following = tmp_path / "next"
        code, told = boat.commonhold(
            "epoch",
            "open",
            following,
            "--from",
            f"{kestrel.url}/mirror/{old}",
            "--partners",
            tmp_path / "partner.json",
            "--kit",
            one.house.kit("heron"),
        )
        assert code == 0, told
        urls = [part for host in one.partners.values() for part in ("--partner", host.url)]
        served = stack.enter_context(boat.serving("house", "log", "serve", "--house", following, *urls))
        code, told = one.members.commonhold("epoch", "announce", boat.url, "--partner", kestrel.url, "--partner", merlin.url)
        assert code == 0, told
        report = one.by("heron", "epoch", "succeed", "--approve", at=boat.url)
        # Three of five are more than half of the register.
        for name in ("tern", "plover"):
            report = one.by(name, "approve", report["proposal"]["id"], at=boat.url)
        one.until_attested(boat.url, report["index"])
        moved = time.monotonic() - began
        assert one.ask("state", "--house", boat.url)["epoch"] == 1
        # What was recorded is there, and the partners that can be reached say where the organisation is.
        new = str(boat.ask(f"{boat.url}/").json["hash"])
        for host in (kestrel, merlin):
            wait(lambda host=host: statuses(host) == {old: "struck", new: "current"})
        told = one.ask("verify", f"{kestrel.url}/mirror/{new}", "--org", one.org, "--partner", merlin.url)
        assert told["verdict"] == "official", told
        assert one.ask("status", last["entry"], "--house", boat.url)["id"] == last["entry"]
        # The old host comes back as if nothing had happened: nobody signs for it.
        one.net.mend(house)
        _, late = propose(one, house.url, "tern")
        assert late["attested"] is False
        for host in (kestrel, merlin):
            assert host.ask(f"{host.url}/mirror/{old}/cosign", house.ask(f"{house.url}/checkpoint").body).status == 410
        # The partner that missed it all is told, and says the same.
        one.net.mend(hobby)
        wait(lambda: one.members.commonhold("epoch", "announce", boat.url, "--partner", hobby.url)[0] == 0)
        wait(lambda: statuses(hobby) == {old: "struck", new: "current"})
        _, act = propose(one, boat.url, "plover")
        assert act["attested"] is True
        assert [alarm["kind"] for alarm in one.alarms(kestrel, merlin, hobby)] == []
        assert served["log"]
    with capsys.disabled():
        print(f"\nofficial again on another host after {moved:.0f} s of machine time, with two of three partners within reach")  # noqa: T201


def origin(one: Away, digest: str) -> str:
    return str(
        next(row["origin"] for row in one.partners["kestrel"].ask(f"{one.partners['kestrel'].url}/").json["logs"] if row["hash"] == digest)
    )


def statuses(host: Host) -> dict[str, str]:
    return {row["hash"]: row["status"] for row in host.ask(f"{host.url}/").json["logs"]}


def wait(done: Any, seconds: float = LONG) -> None:
    """Until it is so."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(1)
