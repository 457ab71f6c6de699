"""Which versions of each platform's API there are, until when, and which page says so.

Belongs here: those facts, and the judgement of a configured version. Does not: which version is
configured (`settings`), or where the judgement is shown (`pipelines.defs`, `pipelines.commands`).

A date is what the platform's page says. Where a page only promises for how long a version lives,
the date is computed by that promise, which `policy` repeats: the platform may keep it longer.
Where no end is announced, `page` is the one on which it would be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.connectors.health import Finding, State

# Two months hold a release, a holiday and a second try.
WARN_BEFORE_SUNSET = timedelta(days=60)


@dataclass(frozen=True)
class Version:
    """One version of one API; `sunset` is the first day on which it is refused, None if never.

    `policy` is the platform's promise by which `sunset` was computed, empty where a page dates it.
    """

    api: str
    version: str
    released: date | None
    sunset: date | None
    page: str
    policy: str = ""


META_PAGE = "https://developers.facebook.com/docs/graph-api/changelog/versions/"
MARKETING_PAGE = (
    "https://developers.facebook.com/docs/marketing-api/marketing-api-changelog/versions"
)
GOOGLE_ADS_PAGE = "https://developers.google.com/google-ads/api/docs/sunset-dates"
GOOGLE_ADS_PLAN = (
    "https://developers.google.com/ads/blog/posts/2025/09/more-frequent-releases-coming-for"
)
GOOGLE_ADS_POLICY = "the planned month; the day is announced about a month before"
GA4_PAGE = "https://developers.google.com/analytics/devguides/reporting/data/v1/changelog"
YOUTUBE_PAGE = "https://developers.google.com/youtube/youtube-api-list"
LINKEDIN_PAGE = "https://learn.microsoft.com/en-us/linkedin/marketing/integrations/migrations"
SHOPIFY_PAGE = "https://shopify.dev/docs/api/usage/versioning"
STRIPE_PAGE = "https://docs.stripe.com/sdks/versioning"
TIKTOK_ADS_PAGE = "https://business-api.tiktok.com/portal/docs?id=1740578661644289"
TIKTOK_PAGE = "https://developers.tiktok.com/doc/tiktok-api-v2-video-list/"
X_PAGE = "https://docs.x.com/x-api/fundamentals/versioning"
X_ADS_PAGE = "https://docs.x.com/x-ads-api/fundamentals/versioning"
WOOCOMMERCE_PAGE = "https://woocommerce.github.io/woocommerce-rest-api-docs/"
SHOPEE_PAGE = "https://open.shopee.com/documents"
TIKTOK_SHOP_PAGE = "https://partner.tiktokshop.com/docv2/"
ECB_PAGE = "https://data.ecb.europa.eu/help/api/overview"
NAGER_PAGE = "https://date.nager.at/Api"

GRAPH_POLICY = "two years after the next version's release"

# Facebook's two calendars for the same version numbers: advertising edges end a year earlier.
VERSIONS = (
    Version("Graph API", "v22.0", date(2025, 1, 21), date(2027, 5, 20), META_PAGE),
    Version("Graph API", "v23.0", date(2025, 5, 29), date(2027, 10, 8), META_PAGE),
    Version("Graph API", "v24.0", date(2025, 10, 8), date(2028, 2, 18), META_PAGE),
    Version("Graph API", "v25.0", date(2026, 2, 18), date(2028, 7, 29), META_PAGE),
    Version("Graph API", "v26.0", date(2026, 7, 29), date(2028, 11, 4), META_PAGE, GRAPH_POLICY),
    Version("Graph API", "v27.0", date(2026, 11, 4), None, META_PAGE),
    Version("Marketing API", "v22.0", date(2025, 1, 21), date(2026, 2, 19), MARKETING_PAGE),
    Version("Marketing API", "v23.0", date(2025, 5, 29), date(2026, 6, 9), MARKETING_PAGE),
    Version("Marketing API", "v24.0", date(2025, 10, 8), date(2026, 11, 10), MARKETING_PAGE),
    Version("Marketing API", "v25.0", date(2026, 2, 18), date(2027, 2, 23), MARKETING_PAGE),
    Version("Marketing API", "v26.0", date(2026, 7, 29), None, MARKETING_PAGE),
    Version("Marketing API", "v27.0", date(2026, 11, 4), None, MARKETING_PAGE),
    Version("Google Ads API", "v21", None, date(2026, 8, 5), GOOGLE_ADS_PAGE),
    Version("Google Ads API", "v22", None, date(2026, 10, 7), GOOGLE_ADS_PAGE),
    Version(
        "Google Ads API",
        "v23",
        date(2026, 1, 1),
        date(2027, 2, 1),
        GOOGLE_ADS_PLAN,
        GOOGLE_ADS_POLICY,
    ),
    Version(
        "Google Ads API",
        "v24",
        date(2026, 4, 1),
        date(2027, 5, 1),
        GOOGLE_ADS_PLAN,
        GOOGLE_ADS_POLICY,
    ),
    Version(
        "Google Ads API",
        "v25",
        date(2026, 7, 1),
        date(2027, 8, 1),
        GOOGLE_ADS_PLAN,
        GOOGLE_ADS_POLICY,
    ),
    Version(
        "Google Ads API",
        "v26",
        date(2026, 10, 1),
        date(2027, 11, 1),
        GOOGLE_ADS_PLAN,
        GOOGLE_ADS_POLICY,
    ),
    Version("LinkedIn Marketing API", "202510", None, date(2026, 10, 15), LINKEDIN_PAGE),
    Version("LinkedIn Marketing API", "202511", None, date(2026, 11, 16), LINKEDIN_PAGE),
    Version("LinkedIn Marketing API", "202601", None, date(2027, 1, 15), LINKEDIN_PAGE),
    Version("LinkedIn Marketing API", "202602", None, date(2027, 2, 15), LINKEDIN_PAGE),
    Version("LinkedIn Marketing API", "202603", None, date(2027, 3, 16), LINKEDIN_PAGE),
    Version("Analytics Data API", "v1beta", None, None, GA4_PAGE),
    Version("YouTube Data API", "v3", None, None, YOUTUBE_PAGE),
    Version("YouTube Analytics API", "v2", None, None, YOUTUBE_PAGE),
    Version(
        "TikTok API for Business", "v1.2", date(2021, 3, 19), date(2023, 8, 15), TIKTOK_ADS_PAGE
    ),
    Version("TikTok API for Business", "v1.3", date(2022, 8, 15), None, TIKTOK_ADS_PAGE),
    Version("TikTok API", "v2", None, None, TIKTOK_PAGE),
    Version("X API", "2", None, None, X_PAGE),
    Version("X Ads API", "11", date(2022, 3, 31), None, X_ADS_PAGE),
    Version("X Ads API", "12", date(2022, 10, 27), None, X_ADS_PAGE),
    Version("WooCommerce REST API", "wc/v3", None, None, WOOCOMMERCE_PAGE),
    Version("Shopee Open API", "v2", None, None, SHOPEE_PAGE),
    Version("TikTok Shop API", "202309", None, None, TIKTOK_SHOP_PAGE),
    Version("ECB Data API", "service", None, None, ECB_PAGE),
    Version("Nager.Date API", "v3", None, None, NAGER_PAGE),
)

# The API of each source whose version is configured, or fixed, by its `api_version`.
APIS: Mapping[str, str] = {
    "facebook_pages": "Graph API",
    "instagram": "Graph API",
    "meta_ads": "Marketing API",
    "google_ads": "Google Ads API",
    "ga4": "Analytics Data API",
    "youtube": "YouTube Data API",
    "linkedin": "LinkedIn Marketing API",
    "linkedin_ads": "LinkedIn Marketing API",
    "shopify": "Shopify Admin API",
    "stripe": "Stripe API",
    "tiktok": "TikTok API",
    "tiktok_ads": "TikTok API for Business",
    "tiktok_shop": "TikTok Shop API",
    "shopee": "Shopee Open API",
    "woocommerce": "WooCommerce REST API",
    "x": "X API",
    "x_ads": "X Ads API",
    "ecb": "ECB Data API",
    "holidays": "Nager.Date API",
}
# What a source reads besides, at a version that its module fixes.
ALSO_READ: Mapping[str, tuple[tuple[str, str], ...]] = {
    "youtube": (("YouTube Analytics API", "v2"),),
}


@dataclass(frozen=True)
class Calendar:
    """How an API that is released by the calendar names its versions, and how long each lives."""

    name: re.Pattern[str]
    example: str
    page: str
    sunset: Callable[[date], date | None]
    policy: str = ""


def _in_a_year(released: date) -> date:
    return released.replace(year=released.year + 1)


CALENDARS: Mapping[str, Calendar] = {
    "Shopify Admin API": Calendar(
        re.compile(r"(\d{4})-(01|04|07|10)"),
        "a quarter such as 2026-10",
        SHOPIFY_PAGE,
        _in_a_year,
        "twelve months from its release at least",
    ),
    "LinkedIn Marketing API": Calendar(
        re.compile(r"(\d{4})(0[1-9]|1[0-2])"),
        "a month such as 202609",
        LINKEDIN_PAGE,
        # Those that the page dates all ended in the middle of their month.
        lambda released: _in_a_year(released).replace(day=15),
        "a year from its release at least, until the middle of that month",
    ),
    "Stripe API": Calendar(
        re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:\.[a-z]+)?"),
        "a dated release such as 2026-09-30.endive",
        STRIPE_PAGE,
        lambda _released: None,
    ),
}


def find(api: str, version: str) -> Version | None:
    """What is known of that version: by the table, or by the API's calendar."""
    for known in VERSIONS:
        if known.api == api and _bare(known.version) == _bare(version):
            return known
    calendar = CALENDARS.get(api)
    named = calendar.name.fullmatch(version) if calendar else None
    if calendar is None or named is None:
        return None
    year, month, day = (*named.groups(), "1")[:3]
    try:
        released = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return Version(
        api, version, released, calendar.sunset(released), calendar.page, calendar.policy
    )


def known(api: str) -> str:
    """The versions that are known of an API, in words."""
    named = [each.version for each in VERSIONS if each.api == api]
    if api in CALENDARS:
        named.append(CALENDARS[api].example)
    return ", ".join(named)


def judge(source: str, version: str, today: date, *, setting: str = "") -> Finding:
    """How long the configured version of a source's API is still served.

    `setting` is the name of the variable that configures it, where there is one.
    """
    api = APIS.get(source, "")
    read = [(api, version), *ALSO_READ.get(source, ())]
    versions = [(each, find(*each)) for each in read]
    unknown = [f"{api} {version}" for (api, version), hit in versions if hit is None]
    if unknown:
        names = f"{api}: {known(api)}" if api else "no API of this source"
        detail = f"{', '.join(unknown)} is not known; known are {names}"
        return Finding("API version", State.WARN, detail, _move(setting))
    found = min((hit for _, hit in versions if hit), key=lambda hit: hit.sunset or date.max)
    name = f"{found.api} {found.version}"
    if found.sunset is None:
        return Finding("API version", State.OK, f"{name}, no end is announced")
    until = f"{found.sunset}{f' ({found.policy})' if found.policy else ''}"
    if today >= found.sunset:
        detail = f"{name} has ended on {until}"
        return Finding("API version", State.BAD, detail, _move(setting, found.page))
    if today >= found.sunset - WARN_BEFORE_SUNSET:
        left = (found.sunset - today).days
        detail = f"{name} ends in {left} days, on {until}"
        return Finding("API version", State.WARN, detail, _move(setting, found.page))
    return Finding("API version", State.OK, f"{name} until {until}")


def _move(setting: str, page: str = "") -> str:
    """What to do about a version that ends, or that nobody knows."""
    where = f"Set {setting} to a newer one" if setting else "Update smm-warehouse to a newer one"
    if not page:
        where = f"Check {setting}" if setting else "Add it to pipelines/connectors/versions.py"
    return f"{where}{f'; see {page}' if page else ''}."


def _bare(version: str) -> str:
    """The version as a number: platforms and people write v3, 3 and wc/v3."""
    return version.rpartition("/")[2].removeprefix("v")
