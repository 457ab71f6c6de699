"""TikTok API for Business: advertisers, what they advertise, and their daily reports.

Belongs here: the streams, how each is asked for, what TikTok's codes mean. Does not: the brand's
own videos (`tiktok`) or its shop (`tiktok_shop`), which are other systems with other tokens.
"""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from zoneinfo import ZoneInfo

from typing_extensions import override

from pipelines.connectors import health
from pipelines.connectors.errors import Decision, Gone, Rule, Signal
from pipelines.connectors.health import Finding, State
from pipelines.connectors.http import Answer, Client, Platform, Request, Token, status_signal
from pipelines.connectors.read import HttpSource, Page, Served, follow, halved
from pipelines.connectors.stream import Account, Stream, Window
from pipelines.lake.schema import Field, Schema, day, integer, json, money, schema, text, timestamp

DOCS = "https://business-api.tiktok.com/portal/docs?id="
REPORT_DOCS = DOCS + "1740302848100353"
# Conversions are credited for up to 28 days after a click.
LOOKBACK_DAYS = 28
# A report by day may not cover more.
MOST_DAYS = 30

ADVERTISER = (
    text("advertiser_id", "Advertising account.", "@account_id", required=True),
    text("currency", "The account's currency (ISO 4217).", "@currency"),
)
WHEN = (
    timestamp("create_time", "When it was made (UTC)."),
    timestamp("modify_time", "Last change (UTC); Smart+ ads have none."),
)
STATUS = (
    text("operation_status", "Status that the advertiser set."),
    text("secondary_status", "Status that TikTok applies, with its reason."),
)

DAY = day(
    "stat_time_day", "Day, in the account's time zone.", "dimensions.stat_time_day", required=True
)
CAMPAIGN = text("campaign_id", "Campaign.", "dimensions.campaign_id", required=True)
CAMPAIGN_NAME = text("campaign_name", "Campaign's name when it was read.", "metrics.campaign_name")
DELIVERY = (
    money("spend", "Money spent, in major units of the account's currency.", "metrics.spend"),
    integer("impressions", "Times an ad was on screen.", "metrics.impressions"),
    integer("clicks", "Clicks that led to the ad's destination.", "metrics.clicks"),
)
CONVERSIONS = integer("conversion", "Results of the goal optimised for.", "metrics.conversion")
CLAIMS = (
    integer("reach", "Accounts that saw an ad at least once; not additive.", "metrics.reach"),
    CONVERSIONS,
    integer(
        "complete_payment", "Purchases on the website, all windows.", "metrics.complete_payment"
    ),
    integer(
        "vta_complete_payment",
        "Purchases among them that followed a view without a click.",
        "metrics.vta_complete_payment",
    ),
    money(
        "complete_payment_value",
        "Value of those purchases; TikTok calls it a rate.",
        "metrics.total_complete_payment_rate",
    ),
)


def _listing(name: str, key: str, description: str, *fields: Field) -> Stream:
    return Stream(
        source="tiktok_ads",
        name=name,
        group="ads",
        description=description,
        schema=schema(*ADVERTISER, text(key, "Its id.", required=True), *fields, *STATUS, *WHEN),
        key=(key,),
        mode="replace",
        snapshot=True,
        url=DOCS,
    )


def _report(name: str, description: str, rows: Schema, *key: str) -> Stream:
    return Stream(
        source="tiktok_ads",
        name=name,
        group="ads",
        description=description,
        schema=rows,
        key=("stat_time_day", *key),
        mode="replace",
        day="stat_time_day",
        lookback_days=LOOKBACK_DAYS,
        slice_days=MOST_DAYS,
        totals=("spend", "impressions", "clicks"),
        url=REPORT_DOCS,
    )


STREAMS = (
    _listing(
        "campaigns",
        "campaign_id",
        "Campaigns of each account as they stand, deleted ones included.",
        text("campaign_name", "Name."),
        text("objective_type", "What the campaign is for."),
        text("budget_mode", "Whether the budget is for a day or for all days."),
        money("budget", "Budget, in major units; 0 where ad groups have their own."),
    ),
    _listing(
        "adgroups",
        "adgroup_id",
        "Ad groups of each account as they stand, deleted ones included.",
        text("campaign_id", "Its campaign."),
        text("adgroup_name", "Name."),
        text("optimization_goal", "What it is optimised for."),
        text("billing_event", "What is paid for."),
        text("schedule_type", "SCHEDULE_START_END, or SCHEDULE_FROM_NOW: without an end."),
        timestamp("schedule_start_time", "When it begins to deliver (UTC)."),
        timestamp("schedule_end_time", "When it ends (UTC); far off where it has no end."),
        day("first_day", "First day of its schedule, in the account's time zone."),
        day("last_day", "Last day of its schedule, in the account's zone, if it has an end."),
    ),
    _listing(
        "ads",
        "ad_id",
        "Ads of each account as they stand, deleted ones included, with their links.",
        text("adgroup_id", "Its ad group."),
        text("campaign_id", "Its campaign."),
        text("adgroup_name", "Its ad group's name."),
        text("campaign_name", "Its campaign's name."),
        text("ad_name", "Name."),
        text("ad_format", "Video, image…"),
        text("landing_page_url", "Where it leads."),
        json("utm_params", "URL parameters that TikTok puts after the link."),
        text("url_tags", "URL parameters of its links, TikTok's placeholders filled in."),
    ),
    _report(
        "reports_advertiser",
        "Account totals by day, asked for apart from what they are made of.",
        schema(*ADVERTISER, DAY, *DELIVERY, *CLAIMS),
    ),
    _report(
        "reports_campaign",
        "Campaign totals by day.",
        schema(*ADVERTISER, DAY, CAMPAIGN, CAMPAIGN_NAME, *DELIVERY, *CLAIMS),
        "campaign_id",
    ),
    _report(
        "reports_ad",
        "Ads by day.",
        schema(
            *ADVERTISER,
            DAY,
            text("ad_id", "Ad.", "dimensions.ad_id", required=True),
            text("ad_name", "Ad's name when it was read.", "metrics.ad_name"),
            text("adgroup_id", "Its ad group.", "metrics.adgroup_id"),
            text("adgroup_name", "Ad group's name when it was read.", "metrics.adgroup_name"),
            text("campaign_id", "Its campaign.", "metrics.campaign_id"),
            CAMPAIGN_NAME,
            *DELIVERY,
            *CLAIMS,
        ),
        "ad_id",
    ),
    _report(
        "audience_age_gender",
        "Campaigns by day, age band and gender.",
        schema(
            *ADVERTISER,
            DAY,
            CAMPAIGN,
            CAMPAIGN_NAME,
            text("age", "Age band: AGE_25_34…, or NONE.", "dimensions.age", required=True),
            text("gender", "MALE, FEMALE or NONE.", "dimensions.gender", required=True),
            *DELIVERY,
            CONVERSIONS,
        ),
        "campaign_id",
        "age",
        "gender",
    ),
    _report(
        "audience_province",
        "Campaigns by day and province.",
        schema(
            *ADVERTISER,
            DAY,
            CAMPAIGN,
            CAMPAIGN_NAME,
            text(
                "province_id",
                "Province (GeoNames id), or NONE.",
                "dimensions.province_id",
                required=True,
            ),
            *DELIVERY,
            CONVERSIONS,
        ),
        "campaign_id",
        "province_id",
    ),
)


@dataclass(frozen=True)
class Listing:
    """An endpoint that lists objects as they stand."""

    path: str
    # Deleted objects are left out unless every status is asked for: history would shrink.
    status: str


@dataclass(frozen=True)
class Report:
    """A report: its level, its dimensions beside the day, and the filter that keeps all objects."""

    level: str
    dimensions: tuple[str, ...]
    kind: str = "BASIC"
    status_of: str = ""


READS: dict[str, Listing | Report] = {
    "campaigns": Listing("campaign/get/", "CAMPAIGN_STATUS_ALL"),
    "adgroups": Listing("adgroup/get/", "ADGROUP_STATUS_ALL"),
    "ads": Listing("ad/get/", "AD_STATUS_ALL"),
    "reports_advertiser": Report("AUCTION_ADVERTISER", ("advertiser_id",)),
    "reports_campaign": Report("AUCTION_CAMPAIGN", ("campaign_id",), status_of="campaign"),
    "reports_ad": Report("AUCTION_AD", ("ad_id",), status_of="ad"),
    "audience_age_gender": Report(
        "AUCTION_CAMPAIGN", ("campaign_id", "age", "gender"), "AUDIENCE", "campaign"
    ),
    "audience_province": Report(
        "AUCTION_CAMPAIGN", ("campaign_id", "province_id"), "AUDIENCE", "campaign"
    ),
}
PAGE_SIZE = 1000
INFO = ("advertiser_id", "name", "currency", "timezone", "display_timezone", "status")
# What the connector works out itself.
DERIVED = ("url_tags", "first_day", "last_day")
UTC_TIMES = ("create_time", "modify_time", "schedule_start_time", "schedule_end_time")

SETTING = "TIKTOK_ADS_ACCESS_TOKEN"
REMEDY = f"Authorise the app again and put the new token into {SETTING}."
GRANT = "Check TIKTOK_ADS_ADVERTISERS, and that the app was authorised for them with reporting."
# A minute's limit is over within a minute; the waits in a row grow beyond it.
RULES = (
    Rule(
        Decision.ABORT,
        "the token is refused",
        code=("40102", "40103", "40104", "40105", "40106", "40107", "40110"),
    ),
    Rule(
        Decision.ABORT,
        "the app is refused",
        code=("40101", "40113", "40115", "40116"),
        remedy="Check the app that made the token in TikTok's developer portal.",
    ),
    Rule(Decision.WAIT, "a rate limit is reached", code=("40100", "40132", "61000"), wait=2),
    Rule(Decision.WAIT, "TikTok is in trouble", code=("50000", "50002"), wait=5),
    Rule(
        Decision.WAIT,
        "TikTok is not ready to answer",
        code=("40200", "40201", "40202", "40700"),
        wait=5,
    ),
    Rule(
        Decision.RETRY, "a service behind TikTok failed", code=[str(n) for n in range(51000, 54000)]
    ),
    Rule(Decision.WAIT, "TikTok is under maintenance", code=("60001",), wait=3600),
    Rule(Decision.SPLIT, "the report is too large", code=("40067",)),
    Rule(Decision.DROP, "a metric is not served", code=("40002",), says="invalid metric"),
    Rule(
        Decision.STOP,
        "the token lacks a permission",
        code=("40001", "40003", "40117", "40118", "40125", "40130", "40300", "40301", "40302"),
        remedy=GRANT,
    ),
    Rule(
        Decision.STOP,
        "the token lacks a permission",
        code=("40002",),
        says="permission",
        remedy=GRANT,
    ),
    Rule(
        Decision.STOP,
        "TikTok does not take the request",
        code=("40000", "40002", "40006", "40051", "41001", "41002"),
        remedy="Set TIKTOK_ADS_API_VERSION to a version that has these fields, or report it.",
    ),
    Rule(
        Decision.STOP,
        "there is no such address",
        status=(404,),
        remedy="Check TIKTOK_ADS_BASE_URL and TIKTOK_ADS_API_VERSION.",
    ),
)


def tiktok_ads_signal(answer: Answer) -> Signal | None:
    """The code of an answer: TikTok refuses under HTTP 200."""
    body = answer.body if isinstance(answer.body, dict) else {}
    code = body.get("code")
    if code is None or code == 0:
        return status_signal(answer)
    message = str(body.get("message", ""))
    return Signal(answer.status, str(code), message=message, wait=answer.retry_after)


PLATFORM = Platform(name="tiktok_ads", rules=RULES, signal=tiktok_ads_signal, remedy=REMEDY)


class Numbered:
    """Paging by number. Pages of another size are other pages, so none is asked for smaller."""

    def after(self, request: Request, body: Any) -> Request | None:
        """The request for the next number, up to the last."""
        told = body["data"].get("page_info") or {}
        page = int(request.params["page"])
        return request.with_params(page=page + 1) if page < int(told.get("total_page", 0)) else None

    def smaller(self, _: Request) -> Request | None:
        """None."""
        return None


class TikTokAds(HttpSource):
    """Advertisers of the API for Business, with one token for all of them."""

    name = "tiktok_ads"
    streams: tuple[Stream, ...] = STREAMS

    def __init__(
        self, client: Client, advertisers: Sequence[str], *, base_url: str, version: str
    ) -> None:
        super().__init__(advertisers, client.stats)
        self._client = client
        self._root = f"{base_url.rstrip('/')}/open_api/{version}"
        self._served = Served()
        self.api_version = version

    @override
    def describe(self, account_id: str) -> Account:
        """The account with its currency and its zone, which knows summer time."""
        told = self._told(self._info(account_id), account_id)
        zone = told.get("display_timezone") or told["timezone"]
        return Account(account_id, zone, told["currency"], told.get("name") or "")

    def health(self, account: Account) -> list[Finding]:
        """How the account stands. The token does not expire, and TikTok tells no quota."""
        answer = self._info(account.id)
        status = str(self._told(answer, account.id).get("status"))
        state = State.OK if status == "STATUS_ENABLE" else State.WARN
        mend = "See in TikTok Ads Manager why it does not deliver." if state is State.WARN else ""
        return [
            Finding("account", state, status, mend),
            health.clock(answer.headers, self._client.clock.now()),
        ]

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The records of a listing or a report."""
        how = READS[stream.name]
        if isinstance(how, Listing):
            yield from self._listing(how, stream, account)
            return
        for span in window.slices(MOST_DAYS):
            yield from halved(span, lambda part: self._report(how, stream, account, part))

    def _info(self, account_id: str) -> Answer:
        params = {"advertiser_ids": _listed([account_id]), "fields": _listed(INFO)}
        return self._client.send(Request(f"{self._root}/advertiser/info/", params))

    def _told(self, answer: Answer, account_id: str) -> dict[str, Any]:
        told: list[dict[str, Any]] = answer.body["data"]["list"]
        if not told:
            raise Gone(f"TikTok knows no advertiser {account_id}")
        return told[0]

    def _listing(self, how: Listing, stream: Stream, account: Account) -> Iterator[Page]:
        fields = [field.steps[0] for field in stream.schema.fields if field.name not in DERIVED]
        params: dict[str, str | int] = {
            "advertiser_id": account.id,
            "fields": _listed([name for name in fields if not name.startswith("@")]),
            "filtering": jsonlib.dumps({"secondary_status": how.status}),
            "page": 1,
            "page_size": PAGE_SIZE,
        }
        for body in follow(self._client, Request(f"{self._root}/{how.path}", params), Numbered()):
            records = body["data"]["list"]
            yield Page([_listed_object(record, stream, account.timezone) for record in records])

    def _report(
        self, how: Report, stream: Stream, account: Account, window: Window
    ) -> Iterator[Page]:
        """The report's pages, without the metrics that this account does not have."""
        url, place = f"{self._root}/report/integrated/get/", f"{stream.name} {account.id}"

        def asked(names: Sequence[str]) -> Request:
            params = report_params(how, names, account.id, window)
            return Request(url, {**params, "page": 1, "page_size": PAGE_SIZE})

        def first_page(names: Sequence[str]) -> tuple[Sequence[str], Any]:
            return names, self._client.send(asked(names)).body

        found = self._served.ask(place, _metrics(stream.schema), first_page)
        served = [name for names, _ in found for name in names]
        # Pages that were found in a search for the guilty metric have a part of the metrics each.
        body = found[0][1] if len(found) == 1 else first_page(served)[1]
        missing = self._served.notes(place)
        yield _report_page(body, missing)
        following = Numbered().after(asked(served), body)
        if following is not None:
            for body in follow(self._client, following, Numbered()):
                yield _report_page(body, missing)


def report_params(
    how: Report, metrics: Sequence[str], advertiser: str, window: Window
) -> dict[str, str | int]:
    """The parameters that ask for a report by day; lists go as JSON text."""
    params: dict[str, str | int] = {
        "advertiser_id": advertiser,
        "report_type": how.kind,
        "service_type": "AUCTION",
        "data_level": how.level,
        "dimensions": _listed([*how.dimensions, "stat_time_day"]),
        "metrics": _listed(metrics),
        "start_date": window.first.isoformat(),
        "end_date": window.last.isoformat(),
    }
    if how.status_of:
        params["filtering"] = _listed(
            [
                {
                    "field_name": f"{how.status_of}_status",
                    "filter_type": "IN",
                    "filter_value": _listed(["STATUS_ALL"]),
                }
            ]
        )
    return params


def _metrics(rows: Schema) -> list[str]:
    return [field.steps[1] for field in rows.fields if field.steps[0] == "metrics"]


def _listed(values: Sequence[Any]) -> str:
    return jsonlib.dumps(list(values))


def _report_page(body: Any, missing: tuple[str, ...]) -> Page:
    return Page([_report_row(record) for record in body["data"]["list"]], missing)


def _report_row(record: dict[str, Any]) -> dict[str, Any]:
    """A row with its day as a day, and with nothing where a dash stands for what is not known."""
    dimensions = dict(record["dimensions"])
    dimensions["stat_time_day"] = str(dimensions.get("stat_time_day")).removesuffix(" 00:00:00")
    # The account's own id says nothing that the row's account does not.
    dimensions.pop("advertiser_id", None)
    metrics = {name: None if value == "-" else value for name, value in record["metrics"].items()}
    return {"dimensions": dimensions, "metrics": metrics}


def _listed_object(record: dict[str, Any], stream: Stream, timezone: str) -> dict[str, Any]:
    """An object whose times say that they are UTC, with what follows from what it tells.

    TikTok writes these times in UTC and without saying so; only reports are in the account's zone.
    """
    told = {name: value for name, value in record.items() if name != "advertiser_id"}
    for name in UTC_TIMES:
        if told.get(name):
            told[name] = f"{told[name]}Z"
    if stream.name == "ads":
        told["url_tags"] = url_tags(record)
    if stream.name == "adgroups":
        told["first_day"] = _local_day(told.get("schedule_start_time"), timezone)
        if record.get("schedule_type") == "SCHEDULE_START_END":
            told["last_day"] = _local_day(told.get("schedule_end_time"), timezone)
    return told


def _local_day(instant: str | None, timezone: str) -> str | None:
    """The day of a UTC instant in that zone; None where it cannot be read."""
    try:
        return (
            datetime.fromisoformat(instant or "").astimezone(ZoneInfo(timezone)).date().isoformat()
        )
    except ValueError:
        return None


# What TikTok puts into a link at each click, by the field of the ad that it is.
PLACEHOLDERS = {
    "__CAMPAIGN_ID__": "campaign_id",
    "__CAMPAIGN_NAME__": "campaign_name",
    "__AID__": "adgroup_id",
    "__AID_NAME__": "adgroup_name",
    "__CID__": "ad_id",
    "__CID_NAME__": "ad_name",
}


def url_tags(ad: Mapping[str, Any]) -> str | None:
    """The parameters of an ad's links as a visit shows them; None where it has none."""
    link = urlsplit(ad.get("landing_page_url") or "")
    pairs = parse_qsl(link.query, keep_blank_values=True)
    for added in ad.get("utm_params") or ():
        pairs.append((str(added.get("key")), str(added.get("value"))))
    filled = [(key, str(ad.get(PLACEHOLDERS.get(value, ""), value))) for key, value in pairs]
    return urlencode(filled) or None


def tiktok_ads(
    token: str, advertisers: Sequence[str], *, base_url: str, version: str, **client: Any
) -> TikTokAds:
    """The source with a long-lived token; `client` reaches the HTTP client."""
    asking = Client(PLATFORM, Token.fixed(token, "Access-Token", ""), **client)
    return TikTokAds(asking, advertisers, base_url=base_url, version=version)
