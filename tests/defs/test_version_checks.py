"""What Dagster says of API versions that end."""

from __future__ import annotations

import dagster as dg
import pytest
from code_location import make_settings

from pipelines.connectors import meta_ads
from pipelines.defs.resources import Workspace
from pipelines.defs.version_checks import results, version_checks
from pipelines.settings import Settings


class Versioned:
    name = "meta_ads"

    def __init__(self, version: str) -> None:
        self.api_version = version


def verdict(settings: Settings, version: str) -> dg.AssetCheckResult:
    workspace = Workspace(settings, sources={"meta_ads": Versioned(version)})
    (found,) = results(workspace, ["meta_ads"])
    return found


@pytest.mark.parametrize(
    ("version", "passed", "severity"),
    [
        ("v25.0", True, None),
        # Today is 2026-03-10; v23.0 ends on 2026-06-09, v22.0 ended on 2026-02-19.
        ("v23.0", True, None),
        ("v22.0", False, dg.AssetCheckSeverity.ERROR),
        ("v1.0", False, dg.AssetCheckSeverity.WARN),
    ],
)
def test_a_version_that_has_ended_fails_and_an_unknown_one_warns(
    tmp_path, version, passed, severity
):
    found = verdict(make_settings(tmp_path), version)
    assert found.passed is passed
    assert severity in (None, found.severity)


def test_a_version_that_ends_soon_warns_and_says_what_to_do(tmp_path):
    settings = Settings(
        _env_file=None, SMM_HOME=tmp_path, SMM_NOW="2026-05-01T09:00:00Z", META_ADS_ACCESS_TOKEN="t"
    )
    found = verdict(settings, "v23.0")
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "ends in 39 days" in found.description
    assert "META_ADS_API_VERSION" in found.description


def test_a_source_that_is_off_needs_no_version(tmp_path):
    (found,) = results(Workspace(make_settings(tmp_path), sources={}), ["shopify"])
    assert found.passed


def test_each_source_has_a_check_of_its_own_on_the_lake_s_manifest():
    (checks,) = version_checks(meta_ads.STREAMS)
    assert checks.check_keys == {
        dg.AssetCheckKey(dg.AssetKey(["lake", "files"]), "api_version_meta_ads")
    }
