"""Two reads that land, one in each mode; run as a program it is killed at the boundary it is told.

python killed_landing.py <lake> <number of the boundary>
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from lake_rows import D1, D2, ORDERS, SPEND, T1, T2, land, order, spend

from pipelines.lake.store import Lake

# Every batch goes to disk, so that being killed mid-page leaves something behind.
SPILL_BYTES = 1


def first_read(lake):
    land(lake, SPEND, [D1, D2], [spend("a", "1"), spend("b", "x")])
    land(lake, ORDERS, [D1], [order("1", "2025-01-01T08:00:00Z")], timezone="UTC")


def second_read(lake):
    lake.layout.checkpoint("mid-page")
    land(lake, SPEND, [D1, D2], [spend("a", "2"), spend("c", "y")], [spend("d", "4", D2)], at=T2)
    changed = [order("1", "2025-01-01T09:00:00Z", "20"), order("2", "2025-01-01T09:00:00Z")]
    land(lake, ORDERS, [D1], changed, at=T2, timezone="UTC")


def recorded(root):
    """The boundaries of the second read, in the order in which they are passed."""
    names = []
    second_read(Lake(root, checkpoint=names.append, spill_bytes=SPILL_BYTES))
    return names


def killed_at(root, number):
    passed = []

    def checkpoint(name):
        if len(passed) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        passed.append(name)

    second_read(Lake(root, checkpoint=checkpoint, spill_bytes=SPILL_BYTES))


if __name__ == "__main__":
    assert T1 < T2
    killed_at(Path(sys.argv[1]), int(sys.argv[2]))
