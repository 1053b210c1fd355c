"""Real processes that die by SIGKILL at one exact change to the disk: before it, half-way through it, or after it.

A story is told in a child process, in which every call of the system that changes a file, and every statement of SQLite that changes a database, is
counted. What it acknowledges goes through a pipe, a line of JSON for each fact, so that whoever waits knows what was heard before the end. Forking makes
a life cost milliseconds; the child imports nothing and ends without running anybody's clean-up, as the kill of a real process would.

A kill keeps what the system's page cache holds; what a power failure loses is the business of tests/store/test_log_crash.py.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn

from commonhold.mirror.database import Database

Instant = Literal["before", "within", "after"]
Tell = Callable[..., None]
"""``tell(what, **facts)``: something is acknowledged."""
Story = Callable[[Tell], None]

CHANGES: Final = ("write", "fsync", "fdatasync", "rename", "replace", "link", "unlink", "mkdir", "rmdir", "posix_fallocate")
_READS: Final = ("SELECT", "PRAGMA", "ROLLBACK")


@dataclass(frozen=True)
class Life:
    """What was heard of one process, and how it ended; *changes* is how many it made, if it lived to say so."""

    killed: bool
    facts: list[dict[str, Any]]
    changes: int = 0


def live(story: Story, step: int = -1, instant: Instant = "before") -> Life:
    """Tell a story in a process of its own, which dies at the change number *step*, or at its end."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _die(story, step, instant, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        heard = pipe.read()
    _, status = os.waitpid(child, 0)
    # A last line without its end was cut by the kill, and so was never heard.
    facts = [json.loads(line) for line in heard.split(b"\n")[:-1]]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return Life(killed=True, facts=facts)
    assert os.WEXITSTATUS(status) == 0, facts
    return Life(killed=False, facts=facts[:-1], changes=facts[-1]["changes"])


def _die(story: Story, step: int, instant: Instant, pipe: int) -> NoReturn:
    say, count = os.write, 0

    def tell(what: str, **facts: Any) -> None:
        say(pipe, json.dumps({"what": what, **facts}).encode() + b"\n")

    def kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def deadly(call: Callable[..., Any], *args: Any, **more: Any) -> Any:
        nonlocal count
        fatal, count = count == step, count + 1
        if fatal and (instant == "before" or (instant == "within" and call is not say)):
            kill()
        if fatal and instant == "within":
            call(args[0], args[1][: len(args[1]) // 2])
            kill()
        try:
            return call(*args, **more)
        finally:
            # A change that was refused ends a life too.
            if fatal:
                kill()

    for name in CHANGES:
        setattr(os, name, _wrapped(deadly, getattr(os, name)))
    deadly_connection, connect = _deadly_connection(deadly), sqlite3.connect
    sqlite3.connect = lambda *args, **more: connect(*args, **{"factory": deadly_connection, **more})  # type: ignore[assignment] # whoever connects in this life gets a deadly connection
    for made in (Database.__init__, Database.create.__func__):
        made.__kwdefaults__["factory"] = deadly_connection  # type: ignore[index] # both have it
    try:
        story(tell)
        tell("end", changes=count)
    except BaseException:  # noqa: BLE001 - whatever it was, whoever waits is to hear it, and nothing else of the parent runs here
        tell("failed", why=traceback.format_exc())
        os._exit(1)
    os._exit(0)


def _deadly_connection(deadly: Callable[..., Any]) -> type[sqlite3.Connection]:
    class Deadly(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:  # type: ignore[override] # the base names no parameters
            plain = super().execute
            done: sqlite3.Cursor = plain(sql, *values) if sql.startswith(_READS) else deadly(plain, sql, *values)
            return done

        def executemany(self, sql: str, *values: Any) -> sqlite3.Cursor:  # type: ignore[override] # the base names no parameters
            done: sqlite3.Cursor = deadly(super().executemany, sql, *values)
            return done

        def executescript(self, sql: str) -> sqlite3.Cursor:
            done: sqlite3.Cursor = deadly(super().executescript, sql)
            return done

    return Deadly


def _wrapped(deadly: Callable[..., Any], call: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **more: deadly(call, *args, **more)
