"""LinkedIn advertising of the sandbox: accounts, their structure, and `adAnalytics`.

Belongs here: resources of advertising. Does not: what all of LinkedIn shares (`restli`), or sums
(`insights`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from pipelines.sandbox import restli
from pipelines.sandbox.clock import Scene
from pipelines.sandbox.faults import Faults, Refusal
from pipelines.sandbox.insights import Cells, rows
from pipelines.sandbox.restli import RestliError, bad, missing
from pipelines.sandbox.tables import of_market
from pipelines.sandbox.wire import Answer, Call
from pipelines.sandbox.world import (
    MARKETS,
    NETWORK_BY_NAME,
    Market,
    served_cells,
    served_extra,
    served_reach,
)
from pipelines.sandbox.world.geography import REGIONS

Row = dict[str, Any]
NETWORK = NETWORK_BY_NAME["linkedin_ads"]

MOST_FIELDS = 20
# What is kept of a longer answer, without a word about the rest.
MOST_ELEMENTS = 15_000
STATUSES = {"ACTIVE": "ACTIVE", "PAUSED": "PAUSED", "ARCHIVED": "ARCHIVED", "DELETED": "REMOVED"}
GEO = {"id": "102478259", "us": "103644278"}
REGION_GEO = {
    region.name: str(90_000_000 + 1000 * place + number)
    for place, code in enumerate(GEO)
    for number, region in enumerate(REGIONS[code])
}
# Traits that the world does not know are shared out by rule: names, and parts of a hundred.
TRAITS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "MEMBER_SENIORITY": (("urn:li:seniority:3", 45), ("urn:li:seniority:4", 35)),
    "MEMBER_JOB_FUNCTION": (("urn:li:function:15", 30), ("urn:li:function:25", 25)),
    "MEMBER_INDUSTRY": (("urn:li:industry:27", 40), ("urn:li:industry:34", 20)),
    "MEMBER_COMPANY_SIZE": (("SIZE_2_TO_10", 25), ("SIZE_51_TO_200", 30)),
}
# Below so many events a trait's share is not told.
LEAST_TOLD = 3
LEVELS = {
    "ACCOUNT": ("account", "urn:li:sponsoredAccount:"),
    "CAMPAIGN_GROUP": ("campaign", "urn:li:sponsoredCampaignGroup:"),
    "CAMPAIGN": ("adset", "urn:li:sponsoredCampaign:"),
    "CREATIVE": ("ad", "urn:li:sponsoredCreative:"),
}
ENTITY = re.compile(r"rest/adTrackingParameters/\(adEntity:\(sponsoredCampaign:(?P<urn>[^)]+)\)\)")


@dataclass(frozen=True)
class Account:
    """One account as it stands at the scene's instant."""

    market: Market
    groups: Mapping[str, Row]
    campaigns: Mapping[str, Row]
    creatives: Mapping[str, Row]
    cells: Cells

    @property
    def id(self) -> str:
        """The account's number."""
        return NETWORK.accounts[self.market.code]

    def tags(self, creative: str) -> dict[str, str]:
        """The parameters that a creative's links carry."""
        pairs = self.creatives[creative]["url_tags"].split("&")
        return dict(pair.split("=", 1) for pair in pairs)


def _account(scene: Scene, faults: Faults, market: Market) -> Account:
    world, code = scene.world, market.code

    def listed(table: Any, key: str) -> dict[str, Row]:
        return {row[key]: row for row in of_market(table, code, NETWORK.name).to_pylist()}

    cells = Cells(
        served_cells(world, code, NETWORK.name),
        served_extra(world, code, NETWORK.name),
        served_reach(world, code, NETWORK.name),
    )
    for rule in faults.standing("restate", NETWORK.name):
        if rule.account in ("", NETWORK.accounts[code]):
            cells.adjust(rule.ad_id, date.fromisoformat(rule.date), rule.changes)
    return Account(
        market,
        listed(world.campaigns, "campaign_id"),
        listed(world.adsets, "adset_id"),
        listed(world.ads, "ad_id"),
        cells,
    )


def _amount(minor: int) -> str:
    """Hundredths as LinkedIn computes them: in binary fractions, and nothing as next to nothing."""
    if not minor:
        return "-2E-18"
    return str(Decimal(minor) / 100 + Decimal("3.35E-14"))


def _conversions(row: Row) -> int:
    return int(row["purchases_claimed_7d_click"] + row["purchases_claimed_1d_view"])


def _half_away(row: Row, share: int) -> int:
    return int(row["clicks"]) * share // 100


METRICS: dict[str, Callable[[Account, Row], Any]] = {
    "costInLocalCurrency": lambda _, row: _amount(row["spend"]),
    "costInUsd": lambda account, row: _amount(row["spend"] // (16_000 if _is_idr(account) else 1)),
    "impressions": lambda _, row: row["impressions"],
    "clicks": lambda _, row: row["clicks"],
    "landingPageClicks": lambda _, row: row["link_clicks"],
    "externalWebsiteConversions": lambda _, row: _conversions(row),
    "externalWebsitePostClickConversions": lambda _, row: row["purchases_claimed_7d_click"],
    "externalWebsitePostViewConversions": lambda _, row: row["purchases_claimed_1d_view"],
    "conversionValueInLocalCurrency": lambda _, row: _amount(row["value_claimed"]),
    "totalEngagements": lambda _, row: row["clicks"],
    "reactions": lambda _, row: _half_away(row, 20),
    "comments": lambda _, row: _half_away(row, 4),
    "shares": lambda _, row: _half_away(row, 3),
    "follows": lambda _, row: _half_away(row, 5),
    "companyPageClicks": lambda _, row: _half_away(row, 8),
    "otherEngagements": lambda _, row: _half_away(row, 10),
    "approximateMemberReach": lambda _, row: row["reach"],
    **dict.fromkeys(
        (
            "oneClickLeads",
            "oneClickLeadFormOpens",
            "videoStarts",
            "videoViews",
            "videoCompletions",
            "sends",
            "opens",
        ),
        lambda *_: 0,
    ),
}
KEYS = ("dateRange", "pivotValues")


def _is_idr(account: Account) -> bool:
    return account.market.currency == "IDR"


class LinkedinAds:
    """The resources of advertising."""

    name = NETWORK.name

    def __init__(self, scene: Scene, faults: Faults) -> None:
        self._scene = scene
        self._faults = faults
        self._markets = {NETWORK.accounts[market.code]: market for market in MARKETS}

    def knows(self, call: Call) -> bool:
        """Whether a call to LinkedIn is about advertising."""
        return call.path.startswith("rest/ad")

    def endpoint(self, call: Call) -> str:
        """`GET adAccounts/adCampaigns`, `GET adAnalytics` and the like."""
        first, *rest = call.path.removeprefix("rest/").split("/")
        return f"GET {'/'.join([first, *rest[1:]]) if first == 'adAccounts' else first}"

    def refuse(self, refusal: Refusal, call: Call) -> Answer:
        """LinkedIn's words for a fault."""
        return restli.refused(refusal, call)

    def answer(self, call: Call) -> Answer:
        """An entity, a finder's elements, or figures."""
        try:
            restli.authorized(call)
            return Answer(self._answer(call.path.split("/")[1:], call, restli.asked(call)))
        except RestliError as refusal:
            return refusal.answer

    def account(self, number: str) -> Account:
        """An account by its number; raises RestliError for an unknown one."""
        market = self._markets.get(number)
        if market is None:
            raise missing(f"urn:li:sponsoredAccount:{number}")
        return self._scene.memo.get(
            (self.name, number, self._faults.version),
            lambda: _account(self._scene, self._faults, market),
        )

    def _answer(self, steps: Sequence[str], call: Call, asked: dict[str, Any]) -> Any:
        match steps:
            case ["adAccounts"]:
                accounts = [_told_account(self.account(number)) for number in self._markets]
                return restli.by_token(asked, accounts, 1000)
            case ["adAccounts", number]:
                return _told_account(self.account(number))
            case ["adAccounts", number, collection]:
                return self._collection(self.account(number), collection, asked)
            case ["adTrackingParameters", _]:
                return self._tracking(call.path)
            case ["adAnalytics"]:
                return self._analytics(asked)
        raise missing("/".join(steps))

    def _collection(self, account: Account, name: str, asked: dict[str, Any]) -> Any:
        found = _collections(account).get(name)
        if found is None:
            raise missing(name)
        members, tell, most, statuses = found
        if "ids" in asked:
            return restli.batch(asked, lambda key: _found(members, key, account, tell))
        wanted = statuses(asked)
        told = [tell(account, row) for row in members.values()]
        chosen = [row for row in told if _status_of(row) in wanted]
        return restli.by_token(asked, chosen, most)

    def _tracking(self, path: str) -> Row:
        found = ENTITY.fullmatch(path)
        number = found["urn"].rpartition(":")[2] if found else ""
        for market in self._markets:
            account = self.account(market)
            for creative in account.creatives.values():
                if creative["adset_id"] == number:
                    tags = account.tags(creative["ad_id"])
                    return {
                        "adEntity": {"sponsoredCampaign": f"urn:li:sponsoredCampaign:{number}"},
                        "dynamicValueParameters": {"utm_content": "CREATIVE_ID"},
                        "customValueParameters": {
                            name: tags[name]
                            for name in ("utm_source", "utm_medium", "utm_campaign")
                        },
                    }
        raise missing(f"adTrackingParameters of {number}")

    def _analytics(self, asked: dict[str, Any]) -> Row:
        if asked.get("q") != "analytics":
            raise bad("Invalid query parameters: no finder of that name")
        fields = asked.get("fields") or ["impressions", "clicks"]
        self._check(fields)
        first, last = _span(asked)
        pivot = (asked.get("pivot") or {}).get("value", "")
        numbers = [urn.rpartition(":")[2] for urn in asked.get("accounts", ())]
        elements: list[Row] = []
        for number in numbers:
            # What a token may not see is not refused, but empty.
            if number in self._markets:
                account = self.account(number)
                elements += _elements(account, pivot, first, last, fields)
        return {
            "paging": {"start": 0, "count": 10, "links": []},
            "elements": elements[:MOST_ELEMENTS],
        }

    def _check(self, fields: Sequence[str]) -> None:
        if len(fields) > MOST_FIELDS:
            raise bad(f"At most {MOST_FIELDS} metrics can be asked for at once")
        retired = {rule.metric for rule in self._faults.standing("retired_metric", self.name)}
        for name in fields:
            if name not in KEYS and (name not in METRICS or name in retired):
                raise bad(f"Unknown field: processing failed for [/{name}]")


def _told_account(account: Account) -> Row:
    return {
        "id": int(account.id),
        "name": account.market.page_name,
        "currency": account.market.currency,
        "status": "ACTIVE",
        "type": "BUSINESS",
        "reference": "urn:li:organization:20100001",
        "servingStatuses": ["RUNNABLE"],
        "test": False,
    }


def _schedule(row: Row) -> Row:
    def at(day: date | None) -> int | None:
        return None if day is None else restli.milliseconds(datetime.combine(day, time()))

    return restli.known({"start": at(row["start_date"]), "end": at(row["stop_date"])})


def _group(_: Account, row: Row) -> Row:
    return {
        "id": int(row["campaign_id"]),
        "name": row["name"],
        "status": STATUSES[row["status"]],
        "runSchedule": _schedule(row),
    }


def _campaign(account: Account, row: Row) -> Row:
    group = account.groups[row["campaign_id"]]
    return {
        "id": int(row["adset_id"]),
        "campaignGroup": f"urn:li:sponsoredCampaignGroup:{row['campaign_id']}",
        "name": row["name"],
        "status": STATUSES[row["status"]],
        "type": "SPONSORED_UPDATES",
        "objectiveType": "WEBSITE_CONVERSION",
        "dailyBudget": {
            "amount": f"{Decimal(group['daily_budget']) / 100:.2f}",
            "currencyCode": account.market.currency,
        },
        "runSchedule": _schedule(group),
    }


def _creative(_: Account, row: Row) -> Row:
    return {
        "id": f"urn:li:sponsoredCreative:{row['ad_id']}",
        "campaign": f"urn:li:sponsoredCampaign:{row['adset_id']}",
        "name": row["name"],
        "intendedStatus": STATUSES[row["status"]],
        "isServing": row["status"] == "ACTIVE",
        "content": {"reference": f"urn:li:share:7{row['ad_id']:0>18}"},
        "createdAt": restli.milliseconds(row["created_at"]),
    }


Statuses = Callable[[Mapping[str, Any]], Sequence[str]]
Tell = Callable[[Account, Row], Row]
# What is told where no status is named.
SHOWN = ("ACTIVE", "PAUSED", "DRAFT", "COMPLETED")


def _searched(asked: Mapping[str, Any]) -> Sequence[str]:
    if asked.get("q") != "search":
        raise bad("Invalid query parameters: no finder of that name")
    status: Mapping[str, Sequence[str]] = (asked.get("search") or {}).get("status") or {}
    return status.get("values", SHOWN)


def _criteria(asked: Mapping[str, Any]) -> Sequence[str]:
    if asked.get("q") != "criteria":
        raise bad("Invalid query parameters: no finder of that name")
    wanted: Sequence[str] = asked.get("intendedStatuses", SHOWN)
    return wanted


def _collections(account: Account) -> dict[str, tuple[Mapping[str, Row], Tell, int, Statuses]]:
    return {
        "adCampaignGroups": (account.groups, _group, 1000, _searched),
        "adCampaigns": (account.campaigns, _campaign, 1000, _searched),
        "creatives": (account.creatives, _creative, 100, _criteria),
    }


def _status_of(told: Row) -> str:
    return str(told.get("status") or told["intendedStatus"])


def _found(members: Mapping[str, Row], key: str, account: Account, tell: Tell) -> Row:
    number = key.rpartition(":")[2]
    if number not in members:
        raise missing(key)
    return tell(account, members[number])


def _span(asked: Mapping[str, Any]) -> tuple[date, date]:
    try:
        ends = [asked["dateRange"][end] for end in ("start", "end")]
        first, last = (date(*(int(end[part]) for part in ("year", "month", "day"))) for end in ends)
    except (KeyError, TypeError, ValueError):
        raise bad("Invalid query parameters: dateRange") from None
    if (asked.get("timeGranularity") or {}).get("value") != "DAILY":
        raise bad("Only timeGranularity DAILY is served here")
    return first, last


def _elements(
    account: Account, pivot: str, first: date, last: date, fields: Sequence[str]
) -> Iterator[Row]:
    """The rows of a pivot; one that has nothing of what was asked for is not told."""
    metrics = [name for name in fields if name not in KEYS]
    for urn, row in _pivoted(account, pivot, first, last):
        told = {name: METRICS[name](account, row) for name in metrics}
        if not any(map(_says, told.values())):
            continue
        day = {"year": row["first"].year, "month": row["first"].month, "day": row["first"].day}
        keys = {"dateRange": {"start": day, "end": day}, "pivotValues": [urn]}
        yield {name: keys[name] for name in KEYS if name in fields} | told


def _says(value: Any) -> bool:
    return bool(value) and (not isinstance(value, str) or Decimal(value) > Decimal("0.001"))


def _pivoted(account: Account, pivot: str, first: date, last: date) -> Iterable[tuple[str, Row]]:
    if pivot in LEVELS:
        level, prefix = LEVELS[pivot]
        for row in _report(account, level, (), first, last):
            yield prefix + (account.id if level == "account" else row[f"{level}_id"]), row
    elif pivot == "MEMBER_REGION_V2":
        for row in _report(account, "account", ("region",), first, last):
            yield f"urn:li:geo:{REGION_GEO[row['region']]}", row
    elif pivot == "MEMBER_COUNTRY_V2":
        for row in _report(account, "account", (), first, last):
            yield f"urn:li:geo:{GEO[account.market.code]}", row
    elif pivot in TRAITS:
        for row in _report(account, "account", (), first, last):
            for urn, share in TRAITS[pivot]:
                part = {n: v * share // 100 if isinstance(v, int) else v for n, v in row.items()}
                if part["impressions"] >= LEAST_TOLD:
                    yield urn, part
    else:
        raise bad(f"Invalid value for param; pivot {pivot!r} is unknown")


def _report(
    account: Account, level: str, breakdowns: tuple[str, ...], first: date, last: date
) -> Iterable[Row]:
    report = account.cells.report(level, breakdowns, first, last, 1, {})
    return rows(report, range(len(report)))
