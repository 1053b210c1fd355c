"""Laws of the end of an answer: nobody holds a connection for nothing, and a long file gets the time that it takes."""

from __future__ import annotations

import asyncio
from typing import Any

from commonhold.mirror.web import LEAST_RATE, CutError, Deadline


def sent(pieces: list[bytes], pause: float, *, broken: bool = False) -> list[dict[str, Any]]:
    """What a client gets of an application that sends these pieces, each after *pause* seconds, where an answer ends after a fifth of a second."""
    found: list[dict[str, Any]] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for piece in pieces:
            await asyncio.sleep(pause)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if broken:
            raise CutError("the object was altered", code="object/altered")
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        found.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is received")

    asyncio.run(Deadline(app, seconds=0.2)({"type": "http"}, receive, send))
    return found


def test_a_long_answer_lasts_as_long_as_its_client_takes_it() -> None:
    """Each 32 KiB that were taken give a second more; a client that takes a drip is cut off where a short answer ends."""
    long = sent([bytes(LEAST_RATE)] * 5, 0.1)
    assert len(long) == 7
    drip = sent([b"x"] * 50, 0.05)
    assert 1 < len(drip) < 10


def test_an_answer_that_cannot_be_ended_is_left_without_an_end() -> None:
    """The server then closes the connection, and nobody takes what came for all of it."""
    found = sent([b"half"], 0.0, broken=True)
    assert [message.get("body") for message in found[1:]] == [b"half"]
    assert all(message.get("more_body", True) for message in found)
