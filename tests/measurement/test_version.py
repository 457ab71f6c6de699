"""What was measured by other code is measured anew: the package tells its version."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines import measurement


def test_the_version_is_another_when_a_file_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = shutil.copytree(Path(measurement.__file__).parent, tmp_path / "measurement")
    before = measurement.version()
    monkeypatch.setattr(measurement, "files", lambda _: package)
    assert measurement.version() == before
    with (package / "bgnbd.py").open("a") as code:
        code.write("# another\n")
    assert measurement.version() != before
