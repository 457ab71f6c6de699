"""X Ads of the sandbox: lists of what is promoted, figures at once and by jobs.

Belongs here: advertising as X words it, who may ask, how much at a time. Does not: posts (`x`), or
how figures mature (the world).
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.clock import Scene
from pipelines.sandbox.credentials import X_ADS_TOKEN, X_CONSUMER
from pipelines.sandbox.faults import Faults, Refusal
from pipelines.sandbox.oauth1 import signed_by
from pipelines.sandbox.tables import of_market
from pipelines.sandbox.wire import Answer, Call, plain_refusal
from pipelines.sandbox.world import (
    MARKETS,
    NETWORK_BY_NAME,
    Market,
    served_cells,
    served_extra,
)
from pipelines.sandbox.x import rate_headers

Row = dict[str, Any]

NETWORK = NETWORK_BY_NAME["x_ads"]
ACCOUNTS = {NETWORK.accounts[market.code]: market for market in MARKETS}
FILES = "ton.twimg.com"
VERSION = r"\d{1,2}"
LISTS = ("funding_instruments", "campaigns", "line_items", "promoted_tweets", "tweets")
PATH = re.compile(
    rf"{VERSION}/(?:(?P<jobs>stats/jobs/)|(?P<stats>stats/))?accounts(?:/(?P<id>\w+))?(?:/(?P<edge>\w+))?"
)
PLACEMENTS = ("ALL_ON_TWITTER", "PUBLISHER_NETWORK")
METRICS = {
    "ENGAGEMENT": (
        "impressions",
        "tweets_send",
        "qualified_impressions",
        "follows",
        "app_clicks",
        "retweets",
        "likes",
        "engagements",
        "clicks",
        "card_engagements",
        "poll_card_vote",
        "replies",
        "url_clicks",
        "carousel_swipes",
    ),
    "BILLING": ("billed_engagements", "billed_charge_local_micro"),
    "VIDEO": ("video_total_views", "video_views_100"),
    "WEB_CONVERSION": ("conversion_purchases",),
}
ENTITIES = {"ACCOUNT": "", "CAMPAIGN": "campaign_id", "PROMOTED_TWEET": "ad_id"}
SERVED = (
    "impressions",
    "clicks",
    "link_clicks",
    "spend",
    "purchases_claimed_7d_click",
    "purchases_claimed_1d_view",
    "value_claimed",
)
# The audience network's part of each figure: one in so many.
NETWORK_PART = 5
MICROS = 10_000
MOST_IDS, MOST_DAYS, MOST_DAYS_OF_A_JOB = 20, 7, 90
JOB_NUMBER, POST_NUMBER = 1_590_000_000_000_000_000, 1_700_000_000_000_000_000
STEPS = ("QUEUED", "PROCESSING")
STATUSES = {"ACTIVE": "ACTIVE", "PAUSED": "PAUSED", "ARCHIVED": "PAUSED", "DELETED": "PAUSED"}


class RefusedError(Exception):
    """A request that X refuses."""

    def __init__(self, status: int, code: str, message: str, parameter: str = "") -> None:
        super().__init__(message)
        error = {"code": code, "message": message}
        told = error | ({"parameter": parameter} if parameter else {})
        self.answer = Answer({"errors": [told], "request": {"params": {}}}, status)


@dataclass(frozen=True)
class Question:
    """What figures are asked for."""

    market: Market
    account: str
    entity: str
    ids: tuple[str, ...]
    placement: str
    groups: tuple[str, ...]
    first: date
    days: int


@dataclass
class Job:
    """A question that is answered later; each poll takes it one step on."""

    id: int
    question: Question
    steps: list[str] = field(default_factory=list)
    fails: bool = False

    def step(self) -> str:
        """What it is now."""
        if self.steps:
            return self.steps.pop(0)
        return "FAILED" if self.fails else "SUCCESS"


class XAds:
    """The Ads API, and the place of the jobs' files."""

    name = "x_ads"

    def __init__(self, scene: Scene, faults: Faults) -> None:
        self._scene = scene
        self._faults = faults
        self._jobs: dict[str, Job] = {}

    def endpoint(self, call: Call) -> str:
        """`GET campaigns`, `POST stats/jobs`, `GET file`."""
        if call.host == FILES:
            return f"{call.method} file"
        found = PATH.fullmatch(call.path)
        if not found:
            return f"{call.method} {call.path}"
        kind = "stats/jobs" if found["jobs"] else "stats" if found["stats"] else "account"
        return f"{call.method} {found['edge'] or kind}"

    def answer(self, call: Call) -> Answer:
        """What X answers; a job's file needs no proof but its address."""
        try:
            if call.host == FILES:
                return self._file(call)
            if signed_by(call, X_CONSUMER, dict([X_ADS_TOKEN])) is None:
                return _unauthorized()
            body = self._body(call)
        except RefusedError as refused:
            return refused.answer
        return Answer(body, headers=rate_headers(250))

    def refuse(self, refusal: Refusal, _: Call) -> Answer:
        """X's own words."""
        match refusal.kind:
            case "too_many_requests" | "throttled" | "quota_spent":
                wait = 2 if refusal.retry_after is None else refusal.retry_after
                refused = RefusedError(429, "TOO_MANY_REQUESTS", "Rate limit exceeded").answer
                refused.headers |= rate_headers(250, left=0, wait=wait)
                return refused
            case "dead_token":
                return _unauthorized()
            case "access_denied":
                return RefusedError(403, "ACCOUNT_UNAUTHORIZED", "No access to the account.").answer
            case "expired_cursor":
                return RefusedError(
                    400, "INVALID_PAGING_CURSOR", "The cursor is not valid", "cursor"
                ).answer
            case "server_error":
                status = refusal.status or 500
                return RefusedError(status, "INTERNAL_ERROR", "Something is broken").answer
        return plain_refusal(refusal)

    def _body(self, call: Call) -> Row:
        found = PATH.fullmatch(call.path)
        if not found:
            raise RefusedError(404, "ROUTE_NOT_FOUND", f"The route {call.path} was not found")
        if not found["id"]:
            rows = [_account(each) for each in ACCOUNTS.values()]
            return self._page(call, rows)
        market = ACCOUNTS.get(found["id"])
        if market is None:
            told = f"account {found['id']} was not found"
            raise RefusedError(404, "NOT_FOUND", told, "account_id")
        if found["jobs"]:
            return self._make(call, market) if call.method == "POST" else self._poll(call)
        if found["stats"]:
            active = found["edge"] == "active_entities"
            return self._active(call, market) if active else self._at_once(call, market)
        if not found["edge"]:
            return {"data": _account(market), "request": {"params": {}}}
        if found["edge"] not in LISTS:
            raise RefusedError(404, "ROUTE_NOT_FOUND", f"The route {call.path} was not found")
        return self._page(call, self._list(call, market, found["edge"]))

    def _list(self, call: Call, market: Market, edge: str) -> list[Row]:
        lists: dict[str, Callable[[Market], list[Row]]] = {
            "funding_instruments": lambda market: [_funding(market)],
            "campaigns": self._campaigns,
            "line_items": self._line_items,
            "promoted_tweets": self._promoted,
            "tweets": self._tweets,
        }
        rows = lists[edge](market)
        if edge == "tweets":
            wanted = call.query.get("tweet_ids", "").split(",")
            return [row for row in rows if row["tweet_id"] in wanted]
        if call.query.get("with_deleted") != "true":
            rows = [row for row in rows if not row["deleted"]]
        return rows

    def _page(self, call: Call, rows: list[Row]) -> Row:
        size = int(call.query.get("count", 200))
        if not 1 <= size <= 1000:
            raise RefusedError(400, "INVALID_PARAMETER", "count must be 1 to 1000", "count")
        cursor = call.query.get("cursor", "")
        if cursor and not re.fullmatch(r"c\d+", cursor):
            raise RefusedError(400, "INVALID_PAGING_CURSOR", "The cursor is not valid", "cursor")
        first = int(cursor[1:]) if cursor else 0
        after = first + size
        following = f"c{after}" if after < len(rows) else None
        return {"data": rows[first:after], "next_cursor": following, "request": {"params": {}}}

    def _rows(self, name: str, market: Market) -> list[Row]:
        table = self._scene.table(name)
        rows: list[Row] = of_market(table, market.code, NETWORK.name).to_pylist()
        return rows

    def _campaigns(self, market: Market) -> list[Row]:
        return [
            {
                "id": row["campaign_id"],
                "name": row["name"],
                "entity_status": STATUSES[row["status"]],
                "effective_status": "RUNNING" if row["status"] == "ACTIVE" else "PAUSED",
                "currency": market.currency,
                "daily_budget_amount_local_micro": row["daily_budget"] * MICROS,
                "total_budget_amount_local_micro": None,
                "funding_instrument_id": _funding(market)["id"],
                **_times(row),
            }
            for row in self._rows("campaigns", market)
        ]

    def _line_items(self, market: Market) -> list[Row]:
        campaigns = {row["campaign_id"]: row for row in self._rows("campaigns", market)}
        rows = []
        for row in self._rows("adsets", market):
            campaign = campaigns[row["campaign_id"]]
            rows.append(
                {
                    "id": row["adset_id"],
                    "campaign_id": row["campaign_id"],
                    "name": row["name"],
                    "entity_status": STATUSES[row["status"]],
                    "objective": "WEBSITE_CLICKS",
                    "product_type": "PROMOTED_TWEETS",
                    "placements": ["ALL_ON_TWITTER", "PUBLISHER_NETWORK"],
                    "pay_by": "LINK_CLICK",
                    "goal": "LINK_CLICKS",
                    "currency": market.currency,
                    "bid_amount_local_micro": None,
                    "start_time": _midnight(campaign["start_date"], market),
                    "end_time": _midnight(campaign["stop_date"], market, after=1),
                    **_times(row),
                }
            )
        return rows

    def _promoted(self, market: Market) -> list[Row]:
        return [
            {
                "id": row["ad_id"],
                "line_item_id": row["adset_id"],
                "tweet_id": _post(row),
                "entity_status": STATUSES[row["status"]],
                "approval_status": "ACCEPTED",
                **_times(row),
            }
            for row in self._rows("ads", market)
        ]

    def _tweets(self, market: Market) -> list[Row]:
        return [
            {
                "tweet_id": _post(row),
                "full_text": f"{row['name']} https://t.co/{row['ad_id']}",
                "entities": {
                    "urls": [
                        {
                            "url": f"https://t.co/{row['ad_id']}",
                            "expanded_url": f"https://{market.hostname}/?{row['url_tags']}",
                        }
                    ]
                },
            }
            for row in self._rows("ads", market)
        ]

    # --- figures

    def _active(self, call: Call, market: Market) -> Row:
        entity = _one_of(call, "entity", ENTITIES)
        start, end = (_moment(call, name, market) for name in ("start_time", "end_time"))
        first, last = (moment.astimezone(market.zone).date() for moment in (start, end))
        cells = served_cells(self._scene.world, market.code, NETWORK.name)
        days = cells["date_day"]
        inside = pc.and_(pc.greater_equal(days, pa.scalar(first)), pc.less(days, pa.scalar(last)))
        ids = pc.unique(cells.filter(inside)[ENTITIES[entity]]).to_pylist()
        data = [
            {
                "entity_id": each,
                "activity_start_time": _instant(start),
                "activity_end_time": _instant(end),
                "placements": list(PLACEMENTS),
            }
            for each in sorted(ids)
        ]
        return {"data": data, "request": {"params": {}}}

    def _at_once(self, call: Call, market: Market) -> Row:
        return self._figures(self._question(call, market, MOST_DAYS))

    def _question(self, call: Call, market: Market, most: int) -> Question:
        asked = call.parameters
        entity = _one_of(call, "entity", ENTITIES)
        placement = _one_of(call, "placement", PLACEMENTS)
        ids = tuple(each for each in asked.get("entity_ids", "").split(",") if each)
        if not 1 <= len(ids) <= MOST_IDS:
            raise _invalid("entity_ids", f"must be 1 to {MOST_IDS}")
        groups = tuple(asked.get("metric_groups", "").split(","))
        for group in groups:
            if group not in METRICS:
                raise _invalid("metric_groups", f"{group} is unknown")
        start, end = (_moment(call, name, market) for name in ("start_time", "end_time"))
        if asked.get("granularity") not in ("DAY", "TOTAL"):
            raise _invalid("granularity", "must be DAY or TOTAL")
        for name, moment in (("start_time", start), ("end_time", end)):
            if moment.astimezone(market.zone).time() != time():
                raise _invalid(name, "must be at midnight in the account's time zone")
        if end - start > timedelta(days=most) or end <= start:
            raise _invalid("end_time", f"must be within {most} days of start_time")
        first, after = (moment.astimezone(market.zone).date() for moment in (start, end))
        days = (after - first).days
        account = NETWORK.accounts[market.code]
        return Question(market, account, entity, ids, placement, groups, first, days)

    def _figures(self, asked: Question) -> Row:
        return {
            "data_type": "stats",
            "time_series_length": asked.days,
            "data": [
                {"id": each, "id_data": [{"segment": None, "metrics": self._series(asked, each)}]}
                for each in asked.ids
            ],
            "request": {"params": {"entity": asked.entity, "placement": asked.placement}},
        }

    def _series(self, asked: Question, entity: str) -> Row:
        """An entity's series by metric; null where nothing happened."""
        days = [_part(row, asked.placement) for row in self._days(asked, entity)]
        told: dict[str, list[int]] = {
            "impressions": [row["impressions"] for row in days],
            "clicks": [row["clicks"] for row in days],
            "url_clicks": [row["link_clicks"] for row in days],
            "engagements": [row["clicks"] for row in days],
            "billed_engagements": [row["link_clicks"] for row in days],
            "billed_charge_local_micro": [row["spend"] * MICROS for row in days],
        }
        purchases = {
            "post_engagement": [row["purchases_claimed_7d_click"] for row in days],
            "post_view": [row["purchases_claimed_1d_view"] for row in days],
            "sale_amount": [row["value_claimed"] * MICROS for row in days],
            "order_quantity": [0] * len(days),
        }
        metrics: Row = {}
        for group in asked.groups:
            for name in METRICS[group]:
                metrics[name] = _or_null(told.get(name, ()))
        if "conversion_purchases" in metrics:
            metrics["conversion_purchases"] = {k: _or_null(v) for k, v in purchases.items()}
        return metrics

    def _days(self, asked: Question, entity: str) -> list[Row]:
        """The sums of an entity by day, over the question's days."""
        sums = self._scene.memo.get(
            ("x_ads", asked.market.code, asked.entity), lambda: self._sums(asked)
        )
        nothing = dict.fromkeys(SERVED, 0)
        every = (asked.first + timedelta(days=n) for n in range(asked.days))
        return [sums.get((entity, each), nothing) for each in every]

    def _sums(self, asked: Question) -> dict[tuple[str, date], Row]:
        world, code = self._scene.world, asked.market.code
        key = ENTITIES[asked.entity]
        cells = served_cells(world, code, NETWORK.name)
        if not key:
            key = "account_id"
            cells = cells.append_column(key, pa.repeat(asked.account, cells.num_rows))
        rows = cells.group_by([key, "date_day"]).aggregate([(name, "sum") for name in SERVED])
        found = {
            (row[key], row["date_day"]): {name: row[f"{name}_sum"] for name in SERVED}
            for row in rows.to_pylist()
        }
        if asked.entity == "ACCOUNT":
            for row in served_extra(world, code, NETWORK.name).to_pylist():
                day = found.setdefault((asked.account, row["date_day"]), dict.fromkeys(SERVED, 0))
                for name in ("impressions", "clicks", "link_clicks", "spend"):
                    day[name] += row[name]
        return found

    # --- jobs

    def _make(self, call: Call, market: Market) -> Row:
        question = self._question(call, market, MOST_DAYS_OF_A_JOB)
        endpoint, text = self.endpoint(call), call.body.decode(errors="replace")
        job = Job(JOB_NUMBER + len(self._jobs), question, list(STEPS))
        stuck = self._faults.take("async_stuck", self.name, endpoint, text)
        if stuck is not None:
            job.steps += ["PROCESSING"] * stuck.polls
        job.fails = self._faults.take("async_fail", self.name, endpoint, text) is not None
        self._jobs[str(job.id)] = job
        return {"data": self._job(call, job, "QUEUED"), "request": {"params": {}}}

    def _poll(self, call: Call) -> Row:
        ids = [each for each in call.query.get("job_ids", "").split(",") if each in self._jobs]
        jobs = [self._jobs[each] for each in ids]
        rows = [self._job(call, job, job.step()) for job in jobs]
        return {"data": rows, "next_cursor": None, "request": {"params": {"job_ids": ids}}}

    def _job(self, call: Call, job: Job, status: str) -> Row:
        asked = job.question
        url = f"{call.origin}/{FILES}/advertiser-api-async-analytics/{job.id}.json.gz"
        return {
            "id": job.id,
            "id_str": str(job.id),
            "status": status,
            "url": url if status == "SUCCESS" else None,
            "account_id": asked.account,
            "entity": asked.entity,
            "entity_ids": list(asked.ids),
            "placement": asked.placement,
            "granularity": "DAY",
            "metric_groups": list(asked.groups),
            "segmentation_type": None,
            "country": None,
            "platform": None,
            "expires_at": None,
        }

    def _file(self, call: Call) -> Answer:
        name = call.path.rpartition("/")[2].removesuffix(".json.gz")
        if name not in self._jobs:
            raise RefusedError(404, "NOT_FOUND", "there is no such file")
        content = msgspec.json.encode(self._figures(self._jobs[name].question))
        return Answer(gzip.compress(content, mtime=0), media_type="application/gzip")


def _unauthorized() -> Answer:
    message = "This request is not properly authenticated"
    return RefusedError(401, "UNAUTHORIZED_ACCESS", message).answer


def _account(market: Market) -> Row:
    return {
        "id": NETWORK.accounts[market.code],
        "name": market.page_name,
        "business_name": market.page_name,
        "timezone": market.timezone,
        "approval_status": "ACCEPTED",
        "deleted": False,
    }


def _funding(market: Market) -> Row:
    return {
        "id": f"fi{market.code}1",
        "currency": market.currency,
        "type": "CREDIT_CARD",
        "able_to_fund": True,
        "deleted": False,
    }


def _times(row: Mapping[str, Any]) -> Row:
    made = row["created_at"].replace(tzinfo=UTC)
    return {
        "created_at": _instant(made),
        "updated_at": _instant(made),
        "deleted": row["status"] in ("DELETED", "ARCHIVED"),
    }


def _post(row: Mapping[str, Any]) -> str:
    return str(POST_NUMBER + int(row["ad_id"], 36))


def _midnight(day: date | None, market: Market, after: int = 0) -> str | None:
    if day is None:
        return None
    moment = datetime.combine(day + timedelta(days=after), time(), ZoneInfo(market.timezone))
    return _instant(moment)


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _part(row: Mapping[str, int], placement: str) -> dict[str, int]:
    """A placement's part of a day; the two make up the whole exactly."""
    beyond = {name: value // NETWORK_PART for name, value in row.items()}
    if placement == "PUBLISHER_NETWORK":
        return beyond
    return {name: value - beyond[name] for name, value in row.items()}


def _or_null(series: Iterable[int]) -> list[int] | None:
    values = list(series)
    return values if any(values) else None


def _one_of(call: Call, name: str, known: Iterable[str]) -> str:
    value = call.parameters.get(name, "")
    if value not in known:
        raise _invalid(name, f"{value!r} is none of {', '.join(known)}")
    return value


def _moment(call: Call, name: str, market: Market) -> datetime:
    """An instant; a bare day is its midnight in the account's zone."""
    text = call.parameters.get(name, "")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _invalid(name, "is no ISO 8601 instant") from error
    if moment.tzinfo:
        return moment
    return moment.replace(tzinfo=market.zone if len(text) == len("2026-05-01") else UTC)


def _invalid(name: str, why: str) -> RefusedError:
    return RefusedError(400, "INVALID_PARAMETER", f"{name} {why}", name)
