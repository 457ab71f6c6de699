"""The payloads under `tests/fixtures`, which others recorded or documented (`PROVENANCE.tsv`).

`test_recorded.py` sees that each of them is named by a test.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parents[1] / "fixtures"


def recorded(name: str) -> Any:
    """One payload's JSON, by its path: `shopify/rest__shop.json`."""
    return json.loads((FIXTURES / name).read_text(encoding="utf-8"))
