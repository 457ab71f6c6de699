"""Settings turn sources on; wrong settings stop their own source only."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from pipelines.connectors.errors import Permanent
from pipelines.connectors.registry import STREAMS, all_streams, build_sources
from pipelines.settings import Settings


def settings(tmp_path: Path, **values: Any) -> Settings:
    return Settings(_env_file=None, SMM_HOME=tmp_path, **values)


def test_without_credentials_every_source_is_on_and_speaks_to_the_sandbox(tmp_path: Path) -> None:
    assert set(build_sources(settings(tmp_path))) == set(STREAMS)


def test_a_source_without_credentials_beside_one_with_them_is_off_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    sources = build_sources(
        settings(tmp_path, META_ADS_ACCESS_TOKEN="EAAB-secret-of-meta", META_ADS_ACCOUNTS="1")
    )

    assert set(sources) == {"meta_ads", "ecb", "holidays"}
    assert "shopify is off: SHOPIFY_ACCESS_TOKEN is not set" in caplog.text
    assert "EAAB-secret-of-meta" not in caplog.text


def test_a_source_with_wrong_settings_raises_when_read_and_stops_no_other(tmp_path: Path) -> None:
    sources = build_sources(
        settings(
            tmp_path,
            SHOPIFY_ACCESS_TOKEN="one:shpat_1",
            SHOPIFY_SHOPS="one,two",
            GA4_CREDENTIALS=tmp_path / "absent.json",
            GA4_PROPERTIES="1",
            # Of no use without the OAuth client that it was given to.
            YOUTUBE_REFRESH_TOKEN="1//of-the-test",
            YOUTUBE_CHANNELS="UC1",
        )
    )

    assert sources["ecb"].accounts()
    for name in ("shopify", "ga4", "youtube"):
        with pytest.raises(Permanent, match=name):
            sources[name].accounts()


def test_streams_are_declared_soundly() -> None:
    streams = all_streams()
    assert len({(stream.source, stream.name) for stream in streams}) == len(streams)
    for stream in streams:
        columns = set(stream.schema.arrow.names)
        named = {*stream.key, stream.day, stream.version, *stream.totals} - {""}
        assert named <= columns, f"{stream.source}.{stream.name}: {named - columns}"
        assert bool(stream.version) is (stream.mode == "merge")
        assert bool(stream.day) is not stream.snapshot
