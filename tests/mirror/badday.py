"""What the tests of a partner's bad day share: two addresses, and short questions to a node."""

from __future__ import annotations

from starlette.testclient import TestClient

from commonhold.mirror.node import Node
from tests.mirror.records import Published

NEXT = "https://next.example/record"
RIVAL = "https://rival.example"
WEEK = 7 * 86_400


def told(client: TestClient, url: str) -> tuple[int, str]:
    """What comes of an announcement: the status, and the code or what was done."""
    answer = client.post("/epochs", json={"url": url})
    value = answer.json()
    return answer.status_code, value.get("code") or value["status"]


def statuses(client: TestClient, record: Published) -> dict[str, str]:
    rows = client.get(f"/mirror/{record.hash}/successors").json()["successors"]
    return {row["url"]: row["status"] for row in rows}


def frozen(client: TestClient, record: Published) -> str:
    note: str = client.get(f"/mirror/{record.hash}/successors").json()["frozen"]
    return note


def tend(node: Node) -> None:
    for each in list(node.followers.values()):
        node.tend(each)
