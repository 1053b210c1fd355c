"""Laws of requests among partners: what they vouch for stands in a request, and whoever keeps the pin signs on it, or asks them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.houses import command
from tests.mirror.test_houselog import Federation, federation

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.slow]


def asked(at: Federation, *arguments: object, vouched: bool = True) -> str:
    """A request, as its link, with what both partners vouch for in it."""
    partners = [part for name in at.nodes for part in ("--partner", at.mirror(name))] if vouched else []
    done = command("request", *arguments, "--house", at.log.url, *partners, "--json")
    assert done.code == 0, done.said
    link: str = done.json["link"]
    return link


def test_the_command_line_asks_and_signs_on_what_partners_vouch_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one answer or in many; and never without the pin."""
    with federation(tmp_path / "federation") as at:
        at.name_partners(2)
        pin = tmp_path / "saltmarsh.pin"
        assert command("pin", at.mirror("gull"), at.mirror("knot"), "-o", pin).code == 0
        proposal = at.do("heron", "propose", "entrust", "resource=studio", "holders=tern")["entry"]
        for node in at.nodes.values():
            node.until_signed(at.log.about()["size"])
        kit, links = at.house.kit("curlew"), [asked(at, "approve", proposal), asked(at, "approve", proposal, vouched=False)]
        monkeypatch.setattr("commonhold.kernel.record.brief.PAIRS", 3)
        links.append(asked(at, "approve", proposal))
        assert command("sign", links[0], "--kit", kit, "--yes", "-o", tmp_path / "none.entry").code == 1, (
            "without a pin nobody's word counts"
        )
        for number, link in enumerate(links):
            entry = tmp_path / f"{number}.entry"
            done = command("sign", link, "--kit", kit, "--pin", pin, "--yes", "-o", entry)
            assert done.code == 0, done.said
            assert "These members look after studio: tern." in done.err
            assert "Partners vouch that the record says so: gull, knot" in done.err
        assert command("submit", tmp_path / "0.entry", "--house", at.log.url).code == 0
        assert command("submit", tmp_path / "1.entry", "--house", at.log.url).code == 1, "one voice once"
