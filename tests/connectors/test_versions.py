"""API versions: which there are, until when, and what is said before one ends."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from pipelines.connectors import versions
from pipelines.connectors.health import State
from pipelines.connectors.registry import SOURCES
from pipelines.connectors.versions import ALSO_READ, APIS, CALENDARS, VERSIONS, Version, find, judge
from pipelines.settings import Settings

# What the platforms' pages say, copied by hand.
MARKETING_V25_ENDS = date(2027, 2, 23)


@pytest.mark.parametrize(
    ("days_before", "state"),
    [(61, State.OK), (60, State.WARN), (1, State.WARN), (0, State.BAD), (-1, State.BAD)],
)
def test_a_version_is_told_of_sixty_days_before_it_ends_and_fails_from_that_day(
    days_before: int, state: State
) -> None:
    today = MARKETING_V25_ENDS - timedelta(days=days_before)
    assert judge("meta_ads", "v25.0", today).state is state


def test_a_warning_names_version_day_setting_and_page() -> None:
    found = judge("meta_ads", "v25.0", date(2027, 1, 24), setting="META_ADS_API_VERSION")
    assert found.detail == "Marketing API v25.0 ends in 30 days, on 2027-02-23"
    assert found.remedy == (
        "Set META_ADS_API_VERSION to a newer one; see"
        " https://developers.facebook.com/docs/marketing-api/marketing-api-changelog/versions."
    )


def test_pages_may_use_a_version_longer_than_advertising() -> None:
    later = date(2027, 3, 1)
    assert judge("meta_ads", "v25.0", later).state is State.BAD
    assert judge("facebook_pages", "v25.0", later).state is State.OK


@pytest.mark.parametrize(
    ("api", "version", "sunset"),
    [
        ("Shopify Admin API", "2026-07", date(2027, 7, 1)),
        ("Shopify Admin API", "2026-10", date(2027, 10, 1)),
        ("LinkedIn Marketing API", "202602", date(2027, 2, 15)),
        ("LinkedIn Marketing API", "202609", date(2027, 9, 15)),
        ("Stripe API", "2026-09-30.endive", None),
        ("Stripe API", "2022-11-15", None),
        ("Graph API", "v24.0", date(2028, 2, 18)),
        ("X Ads API", "12", None),
    ],
)
def test_when_a_version_ends(api: str, version: str, sunset: date | None) -> None:
    found = find(api, version)
    assert found is not None
    assert found.sunset == sunset


def test_a_date_by_the_platform_s_promise_says_so_and_one_of_its_page_does_not() -> None:
    promised = judge("linkedin", "202609", date(2026, 11, 20))
    dated = judge("linkedin", "202602", date(2026, 11, 20))
    assert "a year from its release at least" in promised.detail
    assert dated.detail == "LinkedIn Marketing API 202602 until 2027-02-15"


@pytest.mark.parametrize(
    ("source", "version", "named"),
    [
        ("facebook_pages", "v99.0", "v25.0"),
        ("shopify", "2026-08", "a quarter such as 2026-10"),
        ("linkedin_ads", "202613", "a month such as 202609"),
        ("stripe", "2026-13-01", "a dated release such as"),
        ("youtube", "v1", "YouTube Data API: v3"),
    ],
)
def test_an_unknown_version_warns_and_names_the_known_ones(
    source: str, version: str, named: str
) -> None:
    found = judge(source, version, date(2026, 11, 20), setting="SOME_API_VERSION")
    assert found.state is State.WARN
    assert version in found.detail
    assert named in found.detail
    assert "SOME_API_VERSION" in found.remedy


@pytest.mark.parametrize("version", ["2", "v2"])
def test_a_version_is_known_with_its_v_and_without(version: str) -> None:
    assert judge("x", version, date(2026, 11, 20)).state is State.OK


def test_of_two_apis_the_one_that_ends_first_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = Version("YouTube Analytics API", "v2", None, date(2026, 12, 1), "https://page")
    others = [each for each in VERSIONS if each.api != ends.api]
    monkeypatch.setattr(versions, "VERSIONS", (*others, ends))
    found = judge("youtube", "v3", date(2026, 11, 20))
    assert found.detail == "YouTube Analytics API v2 ends in 11 days, on 2026-12-01"


def test_every_source_with_a_version_has_an_api_in_the_registry() -> None:
    # Files have no version.
    assert set(SOURCES) - {"files"} <= set(APIS)


def test_every_api_of_a_source_has_versions_and_every_version_a_page() -> None:
    described = {each.api for each in VERSIONS} | set(CALENDARS)
    besides = {api for apis in ALSO_READ.values() for api, _ in apis}
    assert {*APIS.values(), *besides} == described
    pages = [each.page for each in (*VERSIONS, *CALENDARS.values())]
    assert all(page.startswith("https://") for page in pages)


@pytest.mark.parametrize("source", sorted(APIS))
def test_a_default_version_is_one_that_is_known_and_served_for_months(source: str) -> None:
    default = Settings.model_fields.get(f"{source}_api_version")
    if default is not None:
        assert judge(source, default.default, date(2026, 12, 31)).state is State.OK


def test_no_version_ends_before_it_is_released() -> None:
    assert all(each.sunset > each.released for each in VERSIONS if each.sunset and each.released)
