"""Every recorded payload is used, and says where it comes from."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from recorded import FIXTURES

PAYLOADS = sorted(str(path.relative_to(FIXTURES)) for path in FIXTURES.rglob("*.json"))
TESTS = "\n".join(
    path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")
)


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_recorded_payload_is_used_by_a_test(name: str) -> None:
    assert f'"{name}"' in TESTS


def test_each_recorded_payload_has_its_origin_and_licence() -> None:
    with (FIXTURES / "PROVENANCE.tsv").open(encoding="utf-8") as told:
        rows = {row["file"]: row for row in csv.DictReader(told, delimiter="\t")}
    assert sorted(rows) == PAYLOADS
    assert all(row["repo"] and row["path"] and row["licence"] for row in rows.values())
