"""LinkedIn advertising: accounts, their structure, and daily figures by `adAnalytics`.

Belongs here: the streams, which pivot each is read by, and how an answer's parts become rows. Does
not: what every LinkedIn API shares (`restli`).

LinkedIn's campaign group is what others call a campaign, its campaign their ad group, its creative
their ad.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from typing_extensions import override

from pipelines.connectors.errors import Gone, Permanent, TooMuch
from pipelines.connectors.health import Finding
from pipelines.connectors.read import HttpSource, Page, bisected, halved
from pipelines.connectors.restli import Restli, encoded, instant, linkedin_api, tail
from pipelines.connectors.stream import Account, Stream, Window
from pipelines.lake.schema import Field, boolean, day, integer, json, money, schema, text, timestamp

DOCS = "https://learn.microsoft.com/en-us/linkedin/marketing/integrations/ads-reporting/"
# Conversions count up to thirty days after a click.
LOOKBACK_DAYS = 30
# LinkedIn closes its days in UTC, wherever the account is.
ZONE = "UTC"

ACCOUNT = (
    text("account_id", "Advertising account.", "@account_id", required=True),
    text("currency", "The account's currency (ISO 4217).", "@currency"),
)
DAY = day("date", "Day, in UTC.", required=True)
COST = money("cost", "Money spent, in the account's currency.", "costInLocalCurrency")
DELIVERY = (
    integer("impressions", "Times an ad was shown."),
    integer("clicks", "Chargeable clicks."),
    integer("landing_page_clicks", "Clicks that led to the landing page.", "landingPageClicks"),
    integer("conversions", "Conversions on the website.", "externalWebsiteConversions"),
)
METRICS = (
    COST,
    money("cost_usd", "Money spent, in US dollars.", "costInUsd"),
    *DELIVERY,
    integer(
        "post_click_conversions",
        "Conversions after a click.",
        "externalWebsitePostClickConversions",
    ),
    integer(
        "post_view_conversions",
        "Conversions after a view alone.",
        "externalWebsitePostViewConversions",
    ),
    money(
        "conversion_value",
        "Value of the conversions, in the account's currency.",
        "conversionValueInLocalCurrency",
    ),
    integer("leads", "Lead forms sent.", "oneClickLeads"),
    integer("lead_form_opens", "Lead forms opened.", "oneClickLeadFormOpens"),
    integer("engagements", "Interactions of every kind.", "totalEngagements"),
    integer("reactions", "Reactions.", "reactions"),
    integer("comments", "Comments."),
    integer("shares", "Shares."),
    integer("follows", "New followers."),
    integer("company_page_clicks", "Clicks on the company's page.", "companyPageClicks"),
    integer("other_engagements", "Interactions of no other kind.", "otherEngagements"),
    integer("video_starts", "Videos begun.", "videoStarts"),
    integer("video_views", "Videos seen for two seconds.", "videoViews"),
    integer("video_completions", "Videos seen to the end.", "videoCompletions"),
    integer("sends", "Messages sent.", "sends"),
    integer("opens", "Messages opened.", "opens"),
)
REACH = integer(
    "reach",
    "Members who saw it, about; not additive over days or ads.",
    "approximateMemberReach",
)


def _structure(name: str, description: str, *fields: Field, key: tuple[str, ...]) -> Stream:
    return Stream(
        source="linkedin_ads",
        name=name,
        group="ads",
        description=description,
        schema=schema(*ACCOUNT, *fields),
        key=key,
        mode="replace",
        snapshot=True,
        zone=ZONE,
        url="https://learn.microsoft.com/en-us/linkedin/marketing/integrations/ads/",
    )


def _daily(name: str, description: str, *fields: Field, key: tuple[str, ...]) -> Stream:
    return Stream(
        source="linkedin_ads",
        name=name,
        group="ads",
        description=description,
        schema=schema(*ACCOUNT, DAY, *fields),
        key=("date", *key),
        mode="replace",
        day="date",
        zone=ZONE,
        lookback_days=LOOKBACK_DAYS,
        slice_days=30,
        totals=("cost", "impressions", "clicks"),
        url=DOCS + "ads-reporting",
    )


RUN = (
    timestamp("starts_at", "Start (UTC).", "runSchedule.start"),
    timestamp("ends_at", "End (UTC); none for always on.", "runSchedule.end"),
)

STREAMS = (
    _structure(
        "campaign_groups",
        "Campaign groups as they stand, archived and removed ones included.",
        text("id", "Campaign group.", required=True),
        text("name", "Name."),
        text("status", "Status that the advertiser set."),
        *RUN,
        key=("id",),
    ),
    _structure(
        "campaigns",
        "Campaigns as they stand, archived and removed ones included.",
        text("id", "Campaign.", required=True),
        text("campaign_group_id", "Its campaign group.", "campaignGroup"),
        text("name", "Name."),
        text("status", "Status that the advertiser set."),
        text("type", "Kind of campaign."),
        text("objective_type", "What it is for.", "objectiveType"),
        money("daily_budget", "Budget a day.", "dailyBudget.amount"),
        text("budget_currency", "The budget's currency.", "dailyBudget.currencyCode"),
        *RUN,
        key=("id",),
    ),
    _structure(
        "creatives",
        "Creatives as they stand, archived and removed ones included.",
        text("id", "Creative.", required=True),
        text("campaign_id", "Its campaign.", "campaign"),
        text("name", "Name."),
        text("intended_status", "Status that the advertiser set.", "intendedStatus"),
        boolean("is_serving", "Whether it is being shown.", "isServing"),
        text("reference", "The post that it shows (URN).", "reference"),
        text("landing_page", "Where it leads, if it says so itself.", "landingPage"),
        json("content", "What it shows."),
        timestamp("created_at", "When it was made (UTC).", "createdAt"),
        key=("id",),
    ),
    _structure(
        "tracking_parameters",
        "What each campaign's creatives put after their links.",
        text("campaign_id", "Campaign.", required=True),
        json("dynamic_values", "Parameters that LinkedIn fills in.", "dynamicValueParameters"),
        json("custom_values", "Parameters with fixed values.", "customValueParameters"),
        key=("campaign_id",),
    ),
    _daily("account_daily", "Account totals by day.", *METRICS, key=()),
    _daily(
        "campaign_group_daily",
        "Campaign groups by day.",
        text("campaign_group_id", "Campaign group.", required=True),
        *METRICS,
        REACH,
        key=("campaign_group_id",),
    ),
    _daily(
        "campaign_daily",
        "Campaigns by day.",
        text("campaign_id", "Campaign.", required=True),
        *METRICS,
        REACH,
        key=("campaign_id",),
    ),
    _daily(
        "creative_daily",
        "Creatives by day.",
        text("creative_id", "Creative.", required=True),
        *METRICS,
        REACH,
        key=("creative_id",),
    ),
    _daily(
        "demographics_daily",
        "The account by day and one trait of the members: approximate, and without small groups.",
        text("trait", "Kind of trait.", required=True),
        text("trait_value", "The members' trait: a URN, or a word.", required=True),
        COST,
        *DELIVERY,
        key=("trait", "trait_value"),
    ),
)

# Each stream's pivots, and the column that an answer's pivot value becomes.
PIVOTS: dict[str, tuple[tuple[str, ...], str]] = {
    "account_daily": (("ACCOUNT",), ""),
    "campaign_group_daily": (("CAMPAIGN_GROUP",), "campaign_group_id"),
    "campaign_daily": (("CAMPAIGN",), "campaign_id"),
    "creative_daily": (("CREATIVE",), "creative_id"),
    "demographics_daily": (
        (
            "MEMBER_COUNTRY_V2",
            "MEMBER_REGION_V2",
            "MEMBER_SENIORITY",
            "MEMBER_JOB_FUNCTION",
            "MEMBER_INDUSTRY",
            "MEMBER_COMPANY_SIZE",
        ),
        "trait_value",
    ),
}
KEYS = ("dateRange", "pivotValues")
# Twenty fields a call, and two of them say of what the others are.
FIELDS_A_CALL = 20 - len(KEYS)
# An answer is cut here without a word.
MOST_ELEMENTS = 15_000

GROUP_STATUSES = (
    "ACTIVE",
    "ARCHIVED",
    "CANCELED",
    "DRAFT",
    "PAUSED",
    "PENDING_DELETION",
    "REMOVED",
)
CAMPAIGN_STATUSES = (*GROUP_STATUSES, "COMPLETED")
PAGE_SIZE = 1000
# Creatives come in smaller pages than what holds them.
CREATIVES_PAGE_SIZE = 100


class LinkedinAds(HttpSource):
    """Advertising accounts of LinkedIn's Marketing API, with one token for all of them."""

    name = "linkedin_ads"
    streams: tuple[Stream, ...] = STREAMS

    def __init__(self, api: Restli, accounts: Sequence[str], *, version: str) -> None:
        super().__init__(accounts, api.client.stats)
        self._api = api
        # Fields that a pivot was found not to have, so that each is searched for once.
        self._retired: dict[str, tuple[str, ...]] = {}
        self.api_version = version

    def health(self, account: Account) -> list[Finding]:
        """How the token is renewed, and the clock."""
        return self._api.health(f"adAccounts/{account.id}")

    @override
    def describe(self, account_id: str) -> Account:
        """The account with its currency; its days are closed in UTC."""
        told = self._api.get(f"adAccounts/{account_id}")
        return Account(account_id, ZONE, told["currency"], told.get("name", ""))

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The records of a structure or daily stream."""
        if stream.name in PIVOTS:
            return self._daily(stream, account, window)
        read: Callable[[Account], Iterator[list[dict[str, Any]]]] = {
            "campaign_groups": self._campaign_groups,
            "campaigns": self._campaigns,
            "creatives": self._creatives,
            "tracking_parameters": self._tracking_parameters,
        }[stream.name]
        return (Page(records) for records in read(account))

    def _campaign_groups(self, account: Account) -> Iterator[list[dict[str, Any]]]:
        return self._searched(account, "adCampaignGroups", GROUP_STATUSES)

    def _campaigns(self, account: Account) -> Iterator[list[dict[str, Any]]]:
        for campaigns in self._searched(account, "adCampaigns", CAMPAIGN_STATUSES):
            yield [
                {**campaign, "campaignGroup": tail(campaign.get("campaignGroup"))}
                for campaign in campaigns
            ]

    def _searched(
        self, account: Account, collection: str, statuses: Sequence[str]
    ) -> Iterator[list[dict[str, Any]]]:
        """Every member of a collection: unless its status is named, a removed one is not told."""
        pages = self._api.by_token(
            f"adAccounts/{account.id}/{collection}",
            PAGE_SIZE,
            q="search",
            search={"status": {"values": statuses}},
        )
        for members in pages:
            yield [{**member, **_run(member)} for member in members]

    def _creatives(self, account: Account) -> Iterator[list[dict[str, Any]]]:
        pages = self._api.by_token(
            f"adAccounts/{account.id}/creatives",
            CREATIVES_PAGE_SIZE,
            q="criteria",
            intendedStatuses=GROUP_STATUSES,
        )
        for creatives in pages:
            yield [_creative(creative) for creative in creatives]

    def _tracking_parameters(self, account: Account) -> Iterator[list[dict[str, Any]]]:
        """One question a campaign: LinkedIn tells them in no list."""
        for campaigns in self._searched(account, "adCampaigns", CAMPAIGN_STATUSES):
            found = (self._parameters(str(campaign["id"])) for campaign in campaigns)
            yield [parameters for parameters in found if parameters]

    def _parameters(self, campaign: str) -> dict[str, Any] | None:
        entity = {"adEntity": {"sponsoredCampaign": f"urn:li:sponsoredCampaign:{campaign}"}}
        try:
            told = self._api.get(f"adTrackingParameters/{encoded(entity)}")
        except Gone:
            return None
        return {**_without(told, "adEntity"), "campaign_id": campaign}

    def _daily(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        pivots, _ = PIVOTS[stream.name]
        for pivot in pivots:
            yield from halved(window, partial(self._by_pivot, stream, account, pivot))

    def _by_pivot(
        self, stream: Stream, account: Account, pivot: str, window: Window
    ) -> Iterator[Page]:
        pivots, column = PIVOTS[stream.name]
        named = {"trait": pivot} if len(pivots) > 1 else {}
        rows, missing = self._pivoted(stream, account, pivot, window)
        yield Page([_row(row, column, named) for row in rows], missing)

    def _pivoted(
        self, stream: Stream, account: Account, pivot: str, window: Window
    ) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
        """The rows of one pivot, put together of as many calls as their fields need.

        A call leaves out what is zero in all of its own fields, so that rows are joined whichever
        call told them, and what a call was asked and did not tell is 0.
        """
        retired = self._retired.get(pivot, ())
        asked = [name for name in metric_names(stream) if name not in retired]
        merged: dict[tuple[Any, ...], dict[str, Any]] = {}
        served: list[str] = []
        cut = False

        def ask(names: Sequence[str]) -> Sequence[str]:
            nonlocal cut
            elements = self._elements(account, window, pivot, names)
            if len(elements) >= MOST_ELEMENTS:
                if len(window.days) > 1:
                    raise TooMuch(f"{MOST_ELEMENTS} rows are all that LinkedIn gives at once")
                cut = True
            for element in elements:
                merged.setdefault(_key(element), {}).update(element)
            return names

        for start in range(0, len(asked), FIELDS_A_CALL):
            groups, refused = bisected(asked[start : start + FIELDS_A_CALL], ask)
            served += [name for group in groups for name in group]
            retired += refused
        if asked and not served:
            raise Permanent(f"LinkedIn serves no field of {pivot}: {', '.join(asked)}")
        self._retired[pivot] = retired
        # Where rows were cut off, one that a call did not tell may be among them.
        zeros = {} if cut else dict.fromkeys(served, 0)
        notes = [f"metric {name}: LinkedIn does not serve it" for name in retired]
        notes += [f"rows beyond {MOST_ELEMENTS} of {window.first} by {pivot}"] * cut
        return [{**zeros, **row} for row in merged.values()], tuple(notes)

    def _elements(
        self, account: Account, window: Window, pivot: str, names: Sequence[str]
    ) -> list[dict[str, Any]]:
        body = self._api.get(
            "adAnalytics",
            q="analytics",
            pivot={"value": pivot},
            timeGranularity={"value": "DAILY"},
            dateRange={"start": _parts(window.first), "end": _parts(window.last)},
            accounts=[f"urn:li:sponsoredAccount:{account.id}"],
            fields=[*KEYS, *names],
        )
        elements: list[dict[str, Any]] = body.get("elements") or []
        return elements


def metric_names(stream: Stream) -> list[str]:
    """The fields of a daily stream that `adAnalytics` is asked for, by its own names."""
    kinds = ("integer", "money")
    return [field.steps[0] for field in stream.schema.fields if field.kind in kinds]


def _parts(day: date) -> dict[str, int]:
    return {"year": day.year, "month": day.month, "day": day.day}


def _key(element: Mapping[str, Any]) -> tuple[Any, ...]:
    start = (element.get("dateRange") or {}).get("start") or {}
    parts = (start.get(part) for part in ("year", "month", "day"))
    return (*parts, *(element.get("pivotValues") or ()))


def _row(element: dict[str, Any], column: str, named: Mapping[str, str]) -> dict[str, Any]:
    """An element under the names of its stream. A day that is none is left for quarantine."""
    row = {**_without(element, *KEYS), **named}
    start = (element.get("dateRange") or {}).get("start") or {}
    try:
        row["date"] = date(start["year"], start["month"], start["day"]).isoformat()
    except (KeyError, TypeError, ValueError):
        row["date"] = str(start)
    if column:
        value = next(iter(element.get("pivotValues") or ()), None)
        row[column] = value if named else tail(value)
    return row


def _run(member: Mapping[str, Any]) -> dict[str, Any]:
    schedule = member.get("runSchedule")
    if not isinstance(schedule, dict):
        return {}
    return {"runSchedule": {name: instant(value) for name, value in schedule.items()}}


def _creative(creative: dict[str, Any]) -> dict[str, Any]:
    """A creative by its number, with what leads out of it beside its content."""
    content = creative.get("content")
    parts = content if isinstance(content, dict) else {}
    return {
        **creative,
        "id": tail(creative.get("id")),
        "campaign": tail(creative.get("campaign")),
        "createdAt": instant(creative.get("createdAt")),
        "reference": parts.get("reference"),
        "landingPage": next(filter(None, map(_landing_page, parts.values())), None),
    }


def _landing_page(part: Any) -> str | None:
    page = part.get("landingPage") if isinstance(part, dict) else None
    return page.get("url") if isinstance(page, dict) else page


def _without(record: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def linkedin_ads(accounts: Sequence[str], *, version: str, **api: Any) -> LinkedinAds:
    """The source; what else is given reaches `restli.linkedin_api`."""
    asking = linkedin_api("linkedin_ads", "LINKEDIN_ADS_", version=version, **api)
    return LinkedinAds(asking, accounts, version=version)
