"""Meta Marketing API: advertising accounts, their structure and their daily insights.

Belongs here: the streams, which edge each is read from, and when a report is asked for instead of
waiting for the answer. Does not: what all of Graph shares (`meta_graph`).
"""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from pipelines.connectors.errors import Gone, ReportFailed, TooMuch
from pipelines.connectors.health import Finding
from pipelines.connectors.http import Client, Token
from pipelines.connectors.meta_graph import (
    Graph,
    account_health,
    field_list,
    graph_platform,
    tidy,
)
from pipelines.connectors.read import HttpSource, Page, halved
from pipelines.connectors.stream import Account, Stream, Window
from pipelines.lake.schema import Field, Schema, day, integer, json, money, schema, text

SETTING = "META_ADS_ACCESS_TOKEN"
PERMISSIONS = ("ads_read",)
DOCS = "https://developers.facebook.com/docs/marketing-api/insights/"
# The re-read window that the leading connectors use: attribution reaches back 28 days.
LOOKBACK_DAYS = 28

ACCOUNT = (
    text(
        "account_id", "Advertising account, without the act_ prefix.", "@account_id", required=True
    ),
    text("currency", "The account's currency (ISO 4217).", "@currency"),
)

METRICS = (
    money("spend", "Money spent, in major units of the account's currency."),
    integer("impressions", "Times an ad was on screen."),
    integer("clicks", "All clicks on the ad."),
    integer("inline_link_clicks", "Clicks on links to places on or off Facebook."),
    integer("reach", "Accounts that saw an ad at least once; not additive over days or ads."),
    json("actions", "Actions by type; the types overlap and must not be added up."),
    json("action_values", "Values of actions by type; the types overlap."),
)


def _insights(*dimensions: Field) -> Schema:
    return schema(
        *ACCOUNT,
        day("date_start", "Day, in the account's time zone.", required=True),
        *dimensions,
        *METRICS,
    )


CAMPAIGN = (
    text("campaign_id", "Campaign.", required=True),
    text("campaign_name", "Campaign's name when it was read."),
)
ADSET = (
    text("adset_id", "Ad set.", required=True),
    text("adset_name", "Ad set's name when it was read."),
)
AD = (
    text("ad_id", "Ad.", required=True),
    text("ad_name", "Ad's name when it was read."),
)


def _insights_stream(name: str, description: str, rows: Schema, *key: str) -> Stream:
    return Stream(
        source="meta_ads",
        name=name,
        group="ads",
        description=description,
        schema=rows,
        key=("date_start", *key),
        mode="replace",
        day="date_start",
        lookback_days=LOOKBACK_DAYS,
        slice_days=30,
        totals=("spend", "impressions", "clicks"),
        url=DOCS,
    )


def _structure_stream(name: str, description: str, rows: Schema) -> Stream:
    return Stream(
        source="meta_ads",
        name=name,
        group="ads",
        description=description,
        schema=rows,
        key=("id",),
        mode="replace",
        snapshot=True,
        url=DOCS,
    )


STREAMS = (
    _structure_stream(
        "campaigns",
        "Campaigns of each account as they stand, archived and deleted ones included.",
        schema(
            *ACCOUNT,
            text("id", "Campaign.", required=True),
            text("name", "Name."),
            text("objective", "What the campaign optimises for."),
            text("status", "Status that the advertiser set."),
            text("effective_status", "Status that Meta applies."),
            text("start_time", "Start, as Meta writes it."),
            text("stop_time", "End, as Meta writes it."),
        ),
    ),
    _structure_stream(
        "adsets",
        "Ad sets of each account as they stand.",
        schema(
            *ACCOUNT,
            text("id", "Ad set.", required=True),
            text("campaign_id", "Its campaign."),
            text("name", "Name."),
            text("effective_status", "Status that Meta applies."),
        ),
    ),
    _structure_stream(
        "ads",
        "Ads of each account as they stand, with the URL parameters that their links carry.",
        schema(
            *ACCOUNT,
            text("id", "Ad.", required=True),
            text("adset_id", "Its ad set."),
            text("campaign_id", "Its campaign."),
            text("name", "Name."),
            text("effective_status", "Status that Meta applies."),
            text("creative_id", "Its creative.", "creative.id"),
            text("url_tags", "URL parameters appended to the ad's links.", "creative.url_tags"),
        ),
    ),
    _insights_stream("insights_account", "Account totals by day.", _insights()),
    _insights_stream(
        "insights_campaign", "Campaign totals by day.", _insights(*CAMPAIGN), "campaign_id"
    ),
    _insights_stream(
        "insights_adset",
        "Ad set totals by day.",
        _insights(*CAMPAIGN, *ADSET),
        "adset_id",
    ),
    _insights_stream("insights_ad", "Ads by day.", _insights(*CAMPAIGN, *ADSET, *AD), "ad_id"),
    _insights_stream(
        "insights_age_gender",
        "Campaigns by day, age band and gender.",
        _insights(
            *CAMPAIGN,
            text("age", "Age band as Meta names it, or Unknown.", required=True),
            text("gender", "male, female or unknown.", required=True),
        ),
        "campaign_id",
        "age",
        "gender",
    ),
    _insights_stream(
        "insights_region",
        "Campaigns by day and region.",
        _insights(*CAMPAIGN, text("region", "Region as Meta names it.", required=True)),
        "campaign_id",
        "region",
    ),
)


STATUSES = ("ACTIVE", "PAUSED", "DELETED", "ARCHIVED", "IN_PROCESS", "WITH_ISSUES")
AD_STATUSES = (
    *STATUSES,
    "CAMPAIGN_PAUSED",
    "ADSET_PAUSED",
    "PENDING_REVIEW",
    "DISAPPROVED",
    "PREAPPROVED",
    "PENDING_BILLING_INFO",
)
# Graph leaves deleted and archived objects out unless they are named: history would shrink.
LEVEL_STATUSES = {
    "campaign": STATUSES,
    "adset": (*STATUSES, "CAMPAIGN_PAUSED"),
    "ad": AD_STATUSES,
}
# `value` of an action is the account's default attribution; these are alternatives beside it.
ATTRIBUTION_WINDOWS = ("1d_click", "7d_click", "28d_click", "1d_view")


@dataclass(frozen=True)
class Structure:
    """An edge that lists objects as they stand."""

    level: str
    page_size: int = 200

    @property
    def edge(self) -> str:
        """The edge of the account."""
        return f"{self.level}s"


@dataclass(frozen=True)
class Insights:
    """Daily insights of one level.

    A window longer than `report_beyond` days is read by an asynchronous report, which may be far
    larger; a shorter one is answered at once. 0 always makes a report.
    """

    level: str
    breakdowns: tuple[str, ...] = ()
    report_beyond: int = 31
    page_size: int = 500


READS: dict[str, Structure | Insights] = {
    "campaigns": Structure("campaign"),
    "adsets": Structure("adset"),
    "ads": Structure("ad"),
    "insights_account": Insights("account"),
    "insights_campaign": Insights("campaign"),
    "insights_adset": Insights("adset", report_beyond=14),
    "insights_ad": Insights("ad", report_beyond=7),
    # Breakdowns multiply the rows; Meta refuses all but the smallest at once.
    "insights_age_gender": Insights("campaign", ("age", "gender"), report_beyond=1),
    "insights_region": Insights("campaign", ("region",), report_beyond=1),
}

# The end of a row's days, which are one.
REPEATED = {"date_stop": "date_start"}

# Seconds between polls double from the first to the last of these.
FIRST_POLL = 0.25
LAST_POLL = 30.0
# A report that has not begun after five minutes, or not finished after thirty, never does.
START_LIMIT = 5 * 60.0
FINISH_LIMIT = 30 * 60.0
# After so many lost reports the window is too large for Meta.
REPORT_TRIES = 2


class MetaAds(HttpSource):
    """Advertising accounts of the Marketing API, with one token for all of them."""

    name = "meta_ads"
    streams: tuple[Stream, ...] = STREAMS

    def __init__(
        self, client: Client, token: str, accounts: Sequence[str], *, base_url: str, version: str
    ) -> None:
        super().__init__([account.removeprefix("act_") for account in accounts], client.stats)
        self._graph = Graph(client, f"{base_url.rstrip('/')}/{version}")
        self._token = token
        self.api_version = version

    def health(self, account: Account) -> list[Finding]:
        """The token's end and permissions, the clock, and how much of the limits is used."""
        return account_health(self._graph, f"act_{account.id}", self._token, PERMISSIONS, SETTING)

    @override
    def describe(self, account_id: str) -> Account:
        """The account with the zone in which Meta closes its days, and its currency."""
        told = self._graph.get(f"act_{account_id}", fields="name,currency,timezone_name")
        return Account(account_id, told["timezone_name"], told["currency"], told.get("name", ""))

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The records of a structure or insights stream."""
        how = READS[stream.name]
        if isinstance(how, Structure):
            return self._structure(how, stream, account)
        return halved(window, lambda part: self._insights(how, stream, account, part))

    def _structure(self, how: Structure, stream: Stream, account: Account) -> Iterator[Page]:
        lists = self._graph.lists(
            f"act_{account.id}/{how.edge}",
            fields=field_list(stream.schema, {}),
            effective_status=jsonlib.dumps(LEVEL_STATUSES[how.level]),
            limit=how.page_size,
        )
        for records in lists:
            yield Page(tidy(records))

    def _insights(
        self, how: Insights, stream: Stream, account: Account, window: Window
    ) -> Iterator[Page]:
        edge = f"act_{account.id}/insights"
        params = insights_params(how, stream.schema, window)
        if len(window.days) > how.report_beyond:
            edge, params = f"{finished_report(self._graph, edge, params)}/insights", {}
        for records in self._graph.packed(edge, **params, limit=how.page_size):
            yield Page.of(records, drop=REPEATED)


def insights_params(how: Insights, rows: Schema, window: Window) -> dict[str, str | int]:
    """The parameters that ask for a level's days, whether at once or as a report."""
    params: dict[str, str | int] = {
        "level": how.level,
        "fields": field_list(rows, {}, skip=("date_start", *how.breakdowns)),
        "time_range": jsonlib.dumps(
            {"since": window.first.isoformat(), "until": window.last.isoformat()}
        ),
        "time_increment": 1,
        "action_attribution_windows": jsonlib.dumps(ATTRIBUTION_WINDOWS),
    }
    if how.breakdowns:
        params["breakdowns"] = ",".join(how.breakdowns)
    if statuses := LEVEL_STATUSES.get(how.level):
        params["filtering"] = jsonlib.dumps(
            [{"field": f"{how.level}.effective_status", "operator": "IN", "value": statuses}]
        )
    return params


def finished_report(graph: Graph, edge: str, params: dict[str, str | int]) -> str:
    """The id of a report that is complete; a lost one is made anew.

    Raises TooMuch after REPORT_TRIES lost reports: then a shorter window may succeed.
    """
    for _ in range(REPORT_TRIES):
        try:
            report = str(graph.post(edge, **params)["report_run_id"])
            _await_report(graph, report)
        except ReportFailed as error:
            lost = error
        else:
            return report
    raise TooMuch(f"{REPORT_TRIES} reports in a row were lost: {lost.reason}")


def _await_report(graph: Graph, report: str) -> None:
    """Poll until the report is complete. 100 per cent alone does not mean that it is."""
    waited, pause = 0.0, FIRST_POLL
    while True:
        status = _report_status(graph, report)
        if status == "Job Completed":
            return
        if status in ("Job Failed", "Job Skipped"):
            raise ReportFailed(f"the report ended as {status!r}")
        limit = START_LIMIT if status == "Job Not Started" else FINISH_LIMIT
        if waited >= limit:
            raise ReportFailed(f"the report is still {status!r} after {waited:.0f} s")
        graph.client.wait(pause, "the report is being made")
        waited, pause = waited + pause, min(2 * pause, LAST_POLL)


def _report_status(graph: Graph, report: str) -> str:
    """The report's status. One just made may not be found yet, on the server that answers."""
    try:
        return str(graph.get(report)["async_status"])
    except Gone:
        return "Job Not Started"


def meta_ads(
    token: str, accounts: Sequence[str], *, base_url: str, version: str, **client: Any
) -> MetaAds:
    """The source with a token of a user or system user; `client` reaches the HTTP client."""
    platform = graph_platform("meta_ads", SETTING)
    asking = Client(platform, Token.fixed(token), **client)
    return MetaAds(asking, token, accounts, base_url=base_url, version=version)
