"""A house as its members meet it: a real folder with a real log, Django over SQLite, and a browser in this process (Django's test client).

Django is set up once, for one folder; each test finds a fresh organisation in it. The tables are copied from a migrated file, for migrating takes many
seconds and copying none.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from commonhold.house.config import DATABASE, FILE, WEB, HouseConfig, config_text
from commonhold.kernel.keys import Passkey
from commonhold.kernel.passkeys import user_id
from commonhold.mirror.asking import Asker
from commonhold.testing.authenticator import Device, Resident
from tests.cli.houses import EXAMPLE, MEMBERS, House, found

ROOT: Final = Path(__file__).resolve().parents[2]
KEPT: Final = Path(os.environ.get("COMMONHOLD_TEST_TABLES") or ROOT / "var" / "house")
"""Where migrated tables are kept for the next run; `make attacks` breaks copies of the checkout, and lends them the checkout's."""
URL: Final = "http://localhost:8765"
T0: Final = 1_750_000_000


def begin(base: Path) -> Path:
    """Set Django up for a house in a folder under *base*, its tables migrated; gives the folder."""
    # Browser tests leave Playwright's event loop running in this thread, where Django would refuse to look into its tables.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    from commonhold.house.starting import prepare, start

    folder = base / "site"
    (folder / WEB).mkdir(parents=True)
    (folder / "record").mkdir()
    (folder / FILE).write_text(config_text(HouseConfig(folder, URL)))
    start(folder)
    kept = KEPT / f"{_migrations()}.sqlite3"
    if kept.is_file():
        shutil.copy(kept, folder / DATABASE)
    else:
        prepare()
        _settle()
        KEPT.mkdir(parents=True, exist_ok=True)
        for old in KEPT.glob("*.sqlite3"):
            old.unlink()
        shutil.copy(folder / DATABASE, kept)
    shutil.copy(folder / DATABASE, base / "tables.sqlite3")
    return folder


def bare() -> None:
    """Set Django up for a folder with nothing in it, to see whether a module can be imported."""
    from commonhold.house.starting import start

    folder = Path(tempfile.mkdtemp())
    (folder / WEB).mkdir()
    (folder / FILE).write_text(config_text(HouseConfig(folder, URL)))
    start(folder)


def _migrations() -> str:
    """What the tables are made by: our migrations, and the versions of others'."""
    digest = hashlib.sha256(" ".join(version(name) for name in ("django", "wagtail", "django-taggit")).encode())
    for path in sorted((ROOT / "src" / "commonhold" / "house").rglob("migrations/*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _settle() -> None:
    from django.db import connections

    for connection in connections.all():
        if connection.vendor == "sqlite" and connection.connection is not None:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connections.close_all()


@dataclass
class Site:
    """One organisation in its house, for one test. ``now`` is the machine's clock, which a test moves."""

    folder: Path
    house: House
    now: int = T0
    said: list[str] = field(default_factory=list)
    log: Any = None

    def open(self, asker: Asker | None = None) -> None:
        """Open the log, as `commonhold house serve` does."""
        from commonhold.house.core import ledger

        self.log = ledger.open_log(self.folder, lambda: self.now, self.said.append, asker)
        # The first entry waits some seconds for the partners' first word, which nobody else asks for here.
        self.log.attend()

    def close(self) -> None:
        """Close it."""
        if self.log is not None:
            self.log.close()
            self.log = None

    def user(self, member: str, name: str = "") -> Any:
        """The account of a member, made if need be."""
        from commonhold.house.members.models import User

        handle = user_id(self.log.org, member)
        return User.objects.get_or_create(member=member, defaults={"name": name or member.title(), "handle": handle})[0]

    def device(self, member: str) -> Device:
        """The device whose passkey the record has enrolled for a member."""
        return device_of(member, self.log.org)

    def passkey(self, member: str) -> Any:
        """That passkey in the member's account."""
        from commonhold.house.members.models import Passkey

        held = self.device(member).held[0]
        public = public_of(held)
        fields = {"user": self.user(member), "key": public.key_id, "alg": public.alg, "spki": held.spki, "rp_id": held.rp_id, "origin": URL}
        return Passkey.objects.get_or_create(credential=held.id, defaults=fields)[0]

    def client(self, member: str = "", **headers: str) -> Any:
        """A browser: signed in as a member with the passkey that the record has, or nobody's."""
        from django.test import Client

        from commonhold.house.members import doors, visits

        client = Client(enforce_csrf_checks=False, SERVER_NAME="localhost", SERVER_PORT="8765", headers=headers or None)
        if member:
            passkey = self.passkey(member)
            client.force_login(passkey.user)
            session = client.session
            session[doors.VISIT] = visits.begin(passkey.user, passkey.key, URL, "").mark
            session.save()
        return client

    def signed(self, member: str, type: str, body: Mapping[str, Any], kit: Any = None) -> bytes:
        """An act signed with a member's kit (another than they founded with, if it is given), as their signer gives it back."""
        from commonhold.kernel.record.entries import signed_bytes, unsigned_entry, with_signature
        from commonhold.store.keyfile import load_kit

        kit = kit or load_kit(self.house.kit(member))[1]
        state, size, root = self.log.head()
        unsigned = unsigned_entry(
            type=type,
            org=state.org,
            epoch=state.epoch,
            by=member,
            key=kit.key_id,
            seen=(size, root),
            nonce=secrets.token_bytes(16),
            body=body,
        )
        return with_signature(unsigned, kit.sign(signed_bytes(unsigned)))

    def act(self, member: str, type: str, body: Mapping[str, Any]) -> str:
        """An act signed with a member's kit and handed in, as from the command line; gives its id."""
        return str(self.log.take(self.signed(member, type, body))[0])

    def propose(self, member: str, kind: str, payload: Mapping[str, Any]) -> str:
        """A proposal that a year's time may decide."""
        return self.act(member, "propose", {"kind": kind, "payload": dict(payload), "not_after": self.now + 86_400 * 365})


def device_of(member: str, org: str) -> Device:
    """A member's telephone, with one passkey for the house; its keys follow from its name."""
    device = Device(member, URL)
    device.create(
        {
            "challenge": bytes(32),
            "rp": {"id": "localhost", "name": ""},
            "user": {"id": user_id(org, member), "name": member},
            "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
            "excludeCredentials": [],
        }
    )
    return device


def public_of(held: Resident) -> Passkey:
    """The public half of a passkey on a device, as the record has it."""
    return Passkey("es256", held.spki, held.rp_id, (URL,))


def enrol_devices(house: House) -> None:
    """Every member adds their telephone's passkey with their kit."""
    org = str(house.ask("state")["org"])
    for name in MEMBERS:
        value = public_of(device_of(name, org).held[0]).to_value()
        payload = house.write(f"{name}.rotate", json.dumps({"member": name, "add": [value], "revoke": []}))
        house.do(name, "propose", "rotate-key", "--payload", payload, "--approve")


def make_base(base: Path, change: Callable[[House], None] | None = None, charter: Path = EXAMPLE) -> House:
    """Saltmarsh Community Radio, founded and accepted by five people, who have their telephones in the record."""
    house = found(base, charter=charter)
    enrol_devices(house)
    if change is not None:
        change(house)
    return house


def lay_out(folder: Path, house: House, tables: Path) -> None:
    """Put a founded house's files and fresh tables into the folder that Django knows."""
    from django.db import connections

    connections.close_all()
    for path in folder.iterdir():
        if path.name not in {WEB, "keys"}:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(house.path, folder, dirs_exist_ok=True)
    for path in (folder / WEB).glob("house.sqlite3*"):
        path.unlink()
    shutil.copy(tables, folder / DATABASE)
