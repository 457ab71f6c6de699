"""X Ads: campaigns, line items, promoted posts, and what they cost and brought by day.

Belongs here: the streams of the Ads API and how each is read. Does not: posts (`x`), what both
share (`x_platform`).

X tells of its own timelines and of its audience network by separate calls: a day is their sum.
A series that X leaves out (null) is one without any activity. Days close in the account's zone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from typing_extensions import override

from pipelines.connectors import health
from pipelines.connectors.errors import Permanent, ReportFailed, TooMuch
from pipelines.connectors.health import Finding
from pipelines.connectors.http import Client, Request
from pipelines.connectors.oauth1 import Keys, OAuth1
from pipelines.connectors.read import HttpSource, Page, follow, halved
from pipelines.connectors.stream import Account, Stream, Window
from pipelines.connectors.x_platform import x_platform
from pipelines.lake.schema import (
    Field,
    boolean,
    day,
    integer,
    json,
    money,
    schema,
    text,
    timestamp,
)

DOCS = "https://docs.x.com/x-ads-api/"
LOOKBACK_DAYS = 14

ACCOUNT = (
    text("account_id", "Advertising account.", "@account_id", required=True),
    text("currency", "Currency of amounts.", "@currency"),
)
TIMES = (
    timestamp("created_at", "When it was made (UTC)."),
    timestamp("updated_at", "Last change (UTC)."),
    boolean("deleted", "Deleted; deleted ones are listed too."),
)


def _micros(name: str, description: str, path: str = "") -> Field:
    return money(name, description, path or f"{name}_local_micro", scale=6)


# What is counted, by the group of metrics in which X tells it.
METRICS: dict[str, tuple[Field, ...]] = {
    "BILLING": (
        _micros("billed_charge", "Money spent."),
        integer("billed_engagements", "Engagements that were charged."),
    ),
    "ENGAGEMENT": (
        integer("impressions", "Times on screen."),
        integer("qualified_impressions", "Times on screen, by the stricter measure."),
        integer("engagements", "Interactions of all kinds."),
        integer("clicks", "Clicks of all kinds."),
        integer("url_clicks", "Clicks on links."),
        integer("likes", "Likes."),
        integer("retweets", "Reposts."),
        integer("replies", "Replies."),
        integer("follows", "New followers."),
        integer("tweets_send", "Posts sent from it."),
        integer("app_clicks", "Clicks that lead to an app's page."),
        integer("card_engagements", "Interactions with cards."),
        integer("carousel_swipes", "Swipes of carousels."),
        integer("poll_card_vote", "Votes in polls."),
    ),
    "VIDEO": (
        integer("video_total_views", "Views of videos: two seconds, half of it on screen."),
        integer("video_views_100", "Videos watched to the end."),
    ),
    "WEB_CONVERSION": (
        integer(
            "purchases_click", "Purchases claimed after an engagement.", "purchases.engagement"
        ),
        integer("purchases_view", "Purchases claimed after a view.", "purchases.view"),
        _micros("purchases_value", "Value of the purchases claimed.", "purchases.sale_amount"),
    ),
}
COUNTED = tuple(field for fields in METRICS.values() for field in fields)
DAY = day("date", "Day, as the account's zone closes it.", required=True)


def _stats(level: str, description: str, *ids: Field) -> Stream:
    return Stream(
        source="x_ads",
        name=f"stats_{level}",
        group="ads",
        description=description,
        schema=schema(*ACCOUNT, *ids, DAY, *COUNTED),
        key=("date", *(field.name for field in ids[:1])),
        mode="replace",
        day="date",
        lookback_days=LOOKBACK_DAYS,
        slice_days=30,
        totals=("billed_charge", "impressions", "clicks"),
        url=DOCS + "analytics",
    )


def _listed(name: str, description: str, *fields: Field) -> Stream:
    return Stream(
        source="x_ads",
        name=name,
        group="ads",
        description=description,
        schema=schema(*ACCOUNT, text("id", "Its id (base 36).", required=True), *fields, *TIMES),
        key=("id",),
        mode="replace",
        snapshot=True,
        url=DOCS + "campaign-management",
    )


CAMPAIGN = text("campaign_id", "Campaign.", required=True)
STREAMS = (
    _listed(
        "campaigns",
        "Campaigns as they stand.",
        text("name", "Name."),
        text("entity_status", "ACTIVE, PAUSED or DRAFT."),
        text("effective_status", "What it does in fact."),
        _micros("daily_budget_amount", "Daily budget."),
        _micros("total_budget_amount", "Budget of its whole life."),
        text("funding_instrument_id", "What pays for it."),
    ),
    _listed(
        "line_items",
        "Line items (ad groups) as they stand.",
        CAMPAIGN,
        text("name", "Name."),
        text("entity_status", "ACTIVE, PAUSED or DRAFT."),
        text("objective", "Objective, as X names it (WEBSITE_CLICKS…)."),
        text("product_type", "Kind of what is promoted."),
        json("placements", "Where it may be shown."),
        text("pay_by", "What is charged for."),
        text("goal", "What its bids are optimised for."),
        _micros("bid_amount", "Bid."),
        timestamp("start_time", "Start (UTC)."),
        timestamp("end_time", "End (UTC)."),
        day("start_date", "First day, in the account's zone."),
        day("stop_date", "Last day, in the account's zone; NULL for always on."),
    ),
    _listed(
        "promoted_tweets",
        "Promoted posts as they stand, with the address to which they lead.",
        CAMPAIGN,
        text("line_item_id", "Its line item.", required=True),
        text("tweet_id", "Post that is promoted."),
        text("entity_status", "ACTIVE or PAUSED."),
        text("approval_status", "Whether X lets it run."),
        text("link", "Address of the first link in the post."),
    ),
    _stats("account", "What the whole account spent and brought by day."),
    _stats("campaign", "What each campaign spent and brought by day.", CAMPAIGN),
    _stats(
        "promoted_tweet",
        "What each promoted post spent and brought by day.",
        text("promoted_tweet_id", "Promoted post.", required=True),
        text("line_item_id", "Its line item; NULL where no list has it any more."),
        text("campaign_id", "Its campaign; NULL where no list has it any more."),
    ),
)
ENTITIES = {
    "stats_account": ("ACCOUNT", ""),
    "stats_campaign": ("CAMPAIGN", "campaign_id"),
    "stats_promoted_tweet": ("PROMOTED_TWEET", "promoted_tweet_id"),
}
PLACEMENTS = ("ALL_ON_TWITTER", "PUBLISHER_NETWORK")
# How X names what the claimed purchases are told by.
PURCHASES = {"post_engagement": "engagement", "post_view": "view", "sale_amount": "sale_amount"}

PAGE_SIZE, SMALLEST_PAGE = 1000, 10
IDS_PER_CALL, POSTS_PER_CALL = 20, 200
# A longer span is answered by a job, whose file is fetched once it is done.
AT_ONCE = timedelta(days=7)
# X lets an account have a hundred jobs at a time; others may use some of them.
JOBS_AT_ONCE = 40
FIRST_POLL, LAST_POLL = 0.5, 30.0
FINISH_LIMIT = 30 * 60.0
JOB_TRIES = 2


class Cursors:
    """The paging of lists: by the `next_cursor` that an answer tells."""

    def after(self, request: Request, body: Any) -> Request | None:
        """The request for the next page."""
        cursor = body.get("next_cursor")
        return request.with_params(cursor=cursor) if cursor else None

    def smaller(self, request: Request) -> Request | None:
        """The request with half the page size."""
        size = int(request.params.get("count", 0)) // 2
        return request.with_params(count=size) if size >= SMALLEST_PAGE else None


@dataclass(frozen=True)
class Asked:
    """One question for figures: so many entities of one level, over a window, in one placement."""

    entity: str
    ids: tuple[str, ...]
    window: Window
    placement: str

    @property
    def params(self) -> dict[str, str]:
        """As X reads it. Days begin and end at the account's midnights, told in UTC."""
        return {
            "entity": self.entity,
            "entity_ids": ",".join(self.ids),
            "granularity": "DAY",
            "metric_groups": ",".join(METRICS),
            "placement": self.placement,
            "start_time": _instant(self.window.start),
            "end_time": _instant(self.window.end),
        }


class XAds(HttpSource):
    """Advertising accounts of the Ads API, with one user's keys for all of them."""

    name = "x_ads"
    streams: tuple[Stream, ...] = STREAMS

    def __init__(
        self, client: Client, accounts: Sequence[str], *, base_url: str, version: str
    ) -> None:
        super().__init__(accounts, client.stats)
        self._client = client
        # A job's file lies elsewhere, under an address that is its own proof.
        self._files = client.with_token(None)
        self._root = f"{base_url.rstrip('/')}/{version}"
        self.api_version = version

    @override
    def describe(self, account_id: str) -> Account:
        """The account with its zone, and the currency of what pays for it."""
        told = self._client.get(f"{self._root}/accounts/{account_id}")["data"]
        paying = self._list(account_id, "funding_instruments")
        currencies = sorted({each["currency"] for records in paying for each in records})
        if len(currencies) != 1:
            raise Permanent(
                f"the account is paid for in {' and '.join(currencies) or 'no currency'}",
                remedy="Amounts need one currency: take the account out of X_ADS_ACCOUNTS.",
            )
        return Account(account_id, told["timezone"], currencies[0], told.get("name", ""))

    def health(self, account: Account) -> list[Finding]:
        """The clock, by which requests are signed, and what is left of the requests for figures."""
        answer = self._client.send(Request(f"{self._root}/accounts/{account.id}"))
        found = [health.clock(answer.headers, self._client.clock.now())]
        left, limit = (
            answer.headers.get(f"x-rate-limit-{name}") for name in ("remaining", "limit")
        )
        if left and limit:
            found.append(health.quota("requests of this quarter of an hour", int(left), int(limit)))
        return found

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The records of a list or of figures."""
        if stream.name in ENTITIES:
            return halved(window, lambda part: self._days(stream, account, part))
        return self._objects(stream, account)

    def _objects(self, stream: Stream, account: Account) -> Iterator[Page]:
        campaigns = self._campaigns(account) if stream.name == "promoted_tweets" else {}
        for records in self._list(account.id, stream.name, with_deleted="true"):
            if stream.name == "promoted_tweets":
                links = self._links(account, records)
                records = [
                    {
                        **record,
                        "campaign_id": campaigns.get(record["line_item_id"]),
                        "link": links.get(record["tweet_id"]),
                    }
                    for record in records
                ]
            yield Page([_known(record, account) for record in records])

    def _list(self, account_id: str, edge: str, **params: str | int) -> Iterator[list[Any]]:
        url = f"{self._root}/accounts/{account_id}/{edge}"
        request = Request(url, {"count": PAGE_SIZE, **params})
        for body in follow(self._client, request, Cursors()):
            yield body["data"]

    def _campaigns(self, account: Account) -> dict[str, str]:
        """The campaign of each line item."""
        lists = self._list(account.id, "line_items", with_deleted="true")
        return {each["id"]: each["campaign_id"] for records in lists for each in records}

    def _links(self, account: Account, records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """The first address in each of the promoted posts."""
        found: dict[str, str] = {}
        for ids in _cut([record["tweet_id"] for record in records], POSTS_PER_CALL):
            asked = {"tweet_ids": ",".join(ids), "tweet_type": "PUBLISHED", "timeline_type": "ALL"}
            for posts in self._list(account.id, "tweets", **asked):
                for post in posts:
                    urls = (post.get("entities") or {}).get("urls") or ()
                    found |= {post["tweet_id"]: urls[0]["expanded_url"]} if urls else {}
        return found

    def _days(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """A level's days, so many entities at a time, over both placements."""
        entity, key = ENTITIES[stream.name]
        parents = self._parents(account) if entity == "PROMOTED_TWEET" else {}
        for ids in self._asked_for(entity, account, window):
            asked = [
                Asked(entity, tuple(part), window, placement)
                for part in _cut(ids, IDS_PER_CALL)
                for placement in PLACEMENTS
            ]
            rows = added_up(window, self._answers(account, asked))
            yield Page([{**parents.get(row["id"], {}), **_named(row, key)} for row in rows])

    def _parents(self, account: Account) -> dict[str, dict[str, str]]:
        """Line item and campaign of each promoted post."""
        campaigns = self._campaigns(account)
        lists = self._list(account.id, "promoted_tweets", with_deleted="true")
        return {
            each["id"]: {
                "line_item_id": each["line_item_id"],
                "campaign_id": campaigns[each["line_item_id"]],
            }
            for records in lists
            for each in records
            if each["line_item_id"] in campaigns
        }

    def _asked_for(self, entity: str, account: Account, window: Window) -> Iterator[list[str]]:
        """The entities that did something in the window, as many at a time as jobs may run."""
        if entity == "ACCOUNT":
            yield [account.id]
            return
        url = f"{self._root}/stats/accounts/{account.id}/active_entities"
        span = {"start_time": _instant(window.start), "end_time": _instant(window.end)}
        body = self._client.send(Request(url, {"entity": entity, **span})).body
        ids = sorted({each["entity_id"] for each in body["data"]})
        yield from _cut(ids, IDS_PER_CALL * JOBS_AT_ONCE // len(PLACEMENTS))

    def _answers(self, account: Account, asked: Sequence[Asked]) -> Iterator[Any]:
        """The figures' bodies: at once where X does that, else by jobs."""
        span = asked[0].window.end - asked[0].window.start if asked else timedelta()
        if span > AT_ONCE:
            yield from self._by_jobs(account, asked)
            return
        for one in asked:
            url = f"{self._root}/stats/accounts/{account.id}"
            yield self._client.send(Request(url, one.params)).body

    def _by_jobs(self, account: Account, asked: Sequence[Asked]) -> Iterator[Any]:
        """The jobs' files; those that failed are made anew, until the span is too much for X."""
        left = list(asked)
        for _ in range(JOB_TRIES):
            jobs = {self._job(account, one): one for one in left}
            files = self._finished(account, list(jobs))
            for url in files.values():
                yield self._files.get(url)
            left = [one for job, one in jobs.items() if job not in files]
            if not left:
                return
        raise TooMuch(f"{JOB_TRIES} jobs in a row failed")

    def _job(self, account: Account, one: Asked) -> str:
        url = f"{self._root}/stats/jobs/accounts/{account.id}"
        return str(self._client.send(Request(url, form=one.params)).body["data"]["id_str"])

    def _finished(self, account: Account, jobs: Sequence[str]) -> dict[str, str]:
        """The address of each job's file, when all have ended; of one that failed there is none."""
        url = f"{self._root}/stats/jobs/accounts/{account.id}"
        waited, pause = 0.0, FIRST_POLL
        while True:
            body = self._client.get(url, job_ids=",".join(jobs), count=PAGE_SIZE)
            states = {each["id_str"]: each for each in body["data"]}
            ended = [each for each in states.values() if each["status"] in ("SUCCESS", "FAILED")]
            if len(ended) == len(jobs):
                return {each["id_str"]: each["url"] for each in ended if each.get("url")}
            if waited >= FINISH_LIMIT:
                raise ReportFailed(f"jobs are not done after {waited:.0f} s")
            self._client.wait(pause, "the figures are being made")
            waited, pause = waited + pause, min(2 * pause, LAST_POLL)


def added_up(window: Window, bodies: Iterable[Any]) -> list[dict[str, Any]]:
    """One record per entity and day on which anything happened, over all of the answers.

    A metric that no answer has is left out: unknown. ValueError for a series of another length than
    the window's: its figures could not be given to days.
    """
    sums: dict[tuple[str, int], dict[str, Any]] = defaultdict(dict)
    for body in bodies:
        for entity in body["data"]:
            for name, series in _series(entity["id_data"][0]["metrics"]):
                if len(series) != len(window.days):
                    told = f"{name} of {entity['id']} has {len(series)} days"
                    raise Permanent(f"{told}, not {len(window.days)}", remedy="Please report it.")
                for number, value in enumerate(series):
                    row = sums[entity["id"], number]
                    row[name] = row.get(name, 0) + (value or 0)
    return [
        {"id": entity, "date": window.days[number].isoformat(), **_nested(row)}
        for (entity, number), row in sorted(sums.items())
        if any(row.values())
    ]


def _series(metrics: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[int | None]]]:
    """The series that are told; those of claimed purchases under the names of our columns."""
    for name, series in metrics.items():
        if name == "conversion_purchases":
            for part, values in (series or {}).items():
                if part in PURCHASES and values is not None:
                    yield f"purchases.{PURCHASES[part]}", values
        elif series is not None:
            yield name, series


def _nested(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with dotted names as the objects that they mean."""
    told: dict[str, Any] = {}
    for name, value in row.items():
        first, _, rest = name.partition(".")
        if rest:
            told.setdefault(first, {})[rest] = value
        else:
            told[name] = value
    return told


def _named(row: dict[str, Any], key: str) -> dict[str, Any]:
    """The row with its entity's id under the column's name; an account's is known anyway."""
    entity = row.pop("id")
    return {key: entity, **row} if key else row


def _known(record: Mapping[str, Any], account: Account) -> dict[str, Any]:
    """A listed object with the days of its schedule; its currency is that of its account."""
    told = {name: value for name, value in record.items() if name != "currency"}
    if start := record.get("start_time"):
        told["start_date"] = _day(start, account)
    if end := record.get("end_time"):
        told["stop_date"] = _day(end, account, before=timedelta(microseconds=1))
    return told


def _day(instant: str, account: Account, before: timedelta = timedelta()) -> str:
    moment = datetime.fromisoformat(instant) - before
    return moment.astimezone(ZoneInfo(account.timezone)).date().isoformat()


def _cut(items: Sequence[str], size: int) -> Iterator[list[str]]:
    for first in range(0, len(items), size):
        yield list(items[first : first + size])


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def x_ads(
    keys: Keys, accounts: Sequence[str], *, base_url: str, version: str, **client: Any
) -> XAds:
    """The source with a user's keys; `client` reaches the HTTP client."""
    remedy = "Put the user's keys into X_ADS_ACCESS_TOKEN and X_ADS_ACCESS_TOKEN_SECRET."
    asking = Client(x_platform("x_ads", remedy), **client)
    signed = asking.with_token(OAuth1(keys, asking.clock))
    return XAds(signed, accounts, base_url=base_url, version=version)
