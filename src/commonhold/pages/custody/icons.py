"""Small signs for parties and nodes, drawn with lines in a square of 16, so that nothing is told apart by colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ICONS: Final[Mapping[str, str]] = {
    # A head and shoulders; two of them; one with a way out; a tower of many windows.
    "member": "M8 8a3 3 0 1 0-.01 0M2.5 14.5c0-3.5 2.5-5 5.5-5s5.500 1.500 5.500 5",
    "group": "M5.500 8a2.500 2.500 0 1 0-.01 0M1 14c0-3 2-4.500 4.500-4.500s4.500 1.500 4.500 4.500M11 8a2.500 2.500 0 1 0-1-4.800M11.500 9.600c2 .2 3.500 1.700 3.500 4.400",
    "outsider": "M6.500 8a2.800 2.800 0 1 0-.01 0M1.500 14.500c0-3.300 2.200-5 5-5 1.300 0 2.500.4 3.400 1.100M11 12.500h4.500M13.500 10.500l2 2-2 2",
    "platform": "M2.500 14.500v-12h7v12M9.500 6.500h4v8M1 14.500h14M5 5.500h2M5 8.500h2M5 11.500h2",
    "resource": "M8 1.500a6.500 6.500 0 1 0 .01 0M1.500 8h13M8 1.500c-4 4-4 9 0 13M8 1.500c4 4 4 9 0 13",
    "account": "M2 2.500h12v11H2zM6 8.200a1.700 1.700 0 1 0-.01 0M3.800 11.500c0-3 4.400-3 4.400 0M10 6h2.500M10 8.500h2.500",
    "mailbox": "M1.500 3.500h13v9.500h-13zM1.500 4l6.500 5.500L14.500 4",
    "phone": "M4.500 1.500h7v13h-7zM7 12.500h2",
    "device": "M3 3h10v7.500H3zM1 13h14",
    "secret": "M5 11.500a3 3 0 1 0-.01 0M7.200 6.800L14 13.500M11.500 11l1.800-1.800",
    "legal_title": "M3.500 1.500h6.500l3 3v10h-9.500zM9.500 1.500v3.500h3.500M5.500 8h5M5.500 11h5",
    "role": "M8 1.500l5.500 2v4.500c0 3.500-2.500 5.500-5.500 6.500-3-1-5.500-3-5.500-6.500v-4.500zM5.500 8l2 2 3.500-3.500",
}
"""The path of each sign, by a party's sort or a node's kind."""
