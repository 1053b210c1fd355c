"""Being polite to the disk: long work takes the disk only when nobody else wants it, and no faster than it was told to."""

from __future__ import annotations

import ctypes
import os
import platform
import threading
import time
from collections.abc import Callable
from typing import Final

_IOPRIO_SET: Final = {"x86_64": 251, "aarch64": 30, "riscv64": 30, "i686": 289, "armv7l": 314, "ppc64le": 273, "s390x": 282}
_IDLE: Final = 3 << 13
_SLACK: Final = 0.05


def step_back() -> bool:
    """Give this process the lowest claim on the processor, and on the disk where the system has such a thing; whether the disk was told."""
    os.nice(10)
    number = _IOPRIO_SET.get(platform.machine())
    if number is None or platform.system() != "Linux":
        return False
    # ioprio_set(2) has no wrapper in any library: "this process", and the class that is served when nobody else asks.
    return bool(ctypes.CDLL(None).syscall(number, 1, 0, _IDLE) == 0)


class Pace:
    """No more than so many bytes a second, on average since the start, however many threads ask.

    Args:
        rate: bytes a second; 0 for as fast as it goes.
    """

    def __init__(
        self, rate: float = 0.0, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._rate, self._clock, self._sleep = rate, clock, sleep
        self._start, self._seen = clock(), 0
        self._lock = threading.Lock()

    def took(self, size: int) -> None:
        """Wait, where *size* further bytes came too early."""
        if self._rate:
            with self._lock:
                self._seen += size
                early = self._start + self._seen / self._rate - self._clock()
            if early > _SLACK:
                self._sleep(early)
