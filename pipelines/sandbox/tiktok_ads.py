"""TikTok's API for Business of the sandbox: advertisers, their structure, and reports.

Belongs here: endpoints, parameters as JSON text, types as mixed as TikTok's. Does not: sums
(`insights`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.clock import Scene
from pipelines.sandbox.credentials import TIKTOK_ADS_TOKEN
from pipelines.sandbox.faults import Faults, Refusal
from pipelines.sandbox.insights import Cells, Report, rows
from pipelines.sandbox.tables import decimal, of_market
from pipelines.sandbox.wire import Answer, Call, plain_refusal
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

NETWORK = NETWORK_BY_NAME["tiktok_ads"]
ROOT = "open_api/v1.3/"
MAX_PAGE, DEFAULT_PAGE = 1000, 10
MOST_DAYS = timedelta(days=30)
# Where an ad group has no end, TikTok names a day far off.
FOREVER = timedelta(days=3650)
ADVERTISERS = {NETWORK.accounts[market.code]: market for market in MARKETS}
# Removed objects are DELETED to TikTok, which archives none.
HIDDEN = ("DELETED", "ARCHIVED")
OBJECTIVES = {
    "OUTCOME_SALES": "WEB_CONVERSIONS",
    "OUTCOME_TRAFFIC": "TRAFFIC",
    "OUTCOME_AWARENESS": "REACH",
    "OUTCOME_ENGAGEMENT": "ENGAGEMENT",
}
# TikTok ends its bands at 55, and calls what it does not know NONE.
AGES = {
    "13-17": "AGE_13_17",
    "18-24": "AGE_18_24",
    "25-34": "AGE_25_34",
    "35-44": "AGE_35_44",
    "45-54": "AGE_45_54",
    "55-64": "AGE_55_100",
    "65+": "AGE_55_100",
    "Unknown": "NONE",
}
GENDERS = {"female": "FEMALE", "male": "MALE", "unknown": "NONE"}
PROVINCES = {
    region.name: str(1_600_000 + 1_000 * market + place)
    for market, code in enumerate(sorted(REGIONS))
    for place, region in enumerate(REGIONS[code])
}
LEVELS = {
    "AUCTION_ADVERTISER": ("account", "advertiser_id"),
    "AUCTION_CAMPAIGN": ("campaign", "campaign_id"),
    "AUCTION_ADGROUP": ("adset", "adgroup_id"),
    "AUCTION_AD": ("ad", "ad_id"),
}
BREAKDOWNS = {"age": "age", "gender": "gender", "province_id": "region"}
# What is wrong in TikTok's words, by its number.
DEAD_TOKEN = 40105, "Access token is incorrect or has been revoked."
THROTTLED = 40100, "Too many requests. Please retry in some time."


class TikTokError(Exception):
    """A call that TikTok refuses; like all of its answers, under HTTP 200."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(_enveloped(code, message, {}))


def _enveloped(code: int, message: str, data: object) -> Row:
    return {"code": code, "message": message, "request_id": "2026sandbox", "data": data}


class TikTokAds:
    """TikTok's side of advertising."""

    name = "tiktok_ads"

    def __init__(self, scene: Scene, faults: Faults) -> None:
        self._scene = scene
        self._faults = faults

    def endpoint(self, call: Call) -> str:
        """`GET campaign/get`, `GET report/integrated/get` and the like."""
        return f"{call.method} {call.path.removeprefix(ROOT).strip('/')}"

    def refuse(self, refusal: Refusal, _: Call) -> Answer:
        """TikTok's own words where it has some; else those of the server in front of it."""
        words = {
            "throttled": THROTTLED,
            "quota_spent": THROTTLED,
            "dead_token": DEAD_TOKEN,
            "access_denied": (40001, "No permission to operate advertiser."),
        }
        if refusal.code is not None:
            return TikTokError(refusal.code, "A fault.").answer
        if refusal.kind in words:
            return TikTokError(*words[refusal.kind]).answer
        return plain_refusal(refusal)

    def answer(self, call: Call) -> Answer:
        """A listing or a report."""
        try:
            return Answer(_enveloped(0, "OK", self._data(call)))
        except TikTokError as error:
            return error.answer

    def _data(self, call: Call) -> Row:
        if call.headers.get("access-token") != TIKTOK_ADS_TOKEN:
            raise TikTokError(*DEAD_TOKEN)
        asked = call.query
        match call.path.removeprefix(ROOT).strip("/"):
            case "advertiser/info":
                wanted = _list(asked, "advertiser_ids")
                markets = [_market(advertiser) for advertiser in wanted]
                return {"list": [_chosen(_info(market), asked) for market in markets]}
            case "campaign/get":
                return self._objects(asked, "campaign")
            case "adgroup/get":
                return self._objects(asked, "adset")
            case "ad/get":
                return self._objects(asked, "ad")
            case "report/integrated/get":
                return self._report(asked)
        raise TikTokError(40400, "Path not found.")

    # --- structure --------------------------------------------------------------------------------

    def _rows(self, market: Market, level: str) -> list[Row]:
        def read() -> list[Row]:
            table = getattr(self._scene.world, f"{level}s")
            return list(of_market(table, market.code, NETWORK.name).to_pylist())

        return self._scene.memo.get((self.name, market.code, level), read)

    def _named(self, market: Market, level: str) -> dict[str, Row]:
        return self._scene.memo.get(
            (self.name, market.code, level, "by id"),
            lambda: {row[f"{level}_id"]: row for row in self._rows(market, level)},
        )

    def _objects(self, asked: Mapping[str, str], level: str) -> Row:
        market = _market(asked.get("advertiser_id", ""))
        filtering = _json(asked, "filtering", dict[str, Any]) or {}
        everything = str(filtering.get("secondary_status", "")).endswith("_STATUS_ALL")
        kept = [
            row
            for row in self._rows(market, level)
            if everything or self._state(market, row) != "DELETE"
        ]
        return _page(asked, kept, lambda row: _chosen(self._object(market, level, row), asked))

    def _state(self, market: Market, row: Row) -> str:
        """DELETE, DISABLE or ENABLE; a removed campaign takes all below it away."""
        owner = self._named(market, "campaign")[row["campaign_id"]]
        if row["status"] in HIDDEN or owner["status"] in HIDDEN:
            return "DELETE"
        return "ENABLE" if row["status"] == "ACTIVE" else "DISABLE"

    def _object(self, market: Market, level: str, row: Row) -> Row:
        campaign = self._named(market, "campaign")[row["campaign_id"]]
        state = self._state(market, row)
        kind = {"campaign": "CAMPAIGN", "adset": "ADGROUP", "ad": "AD"}[level]
        delivering = "ENABLE" if level == "campaign" else "DELIVERY_OK"
        told: Row = {
            "advertiser_id": int(NETWORK.accounts[market.code]),
            "campaign_id": int(row["campaign_id"]),
            "campaign_name": campaign["name"],
            "operation_status": state,
            "secondary_status": f"{kind}_STATUS_{delivering if state == 'ENABLE' else state}",
            "create_time": _utc(row["created_at"]),
            "modify_time": _utc(row.get("removed_at") or row["created_at"]),
        }
        if level == "campaign":
            return told | self._campaign(campaign)
        adset = self._named(market, "adset")[row["adset_id"]]
        told |= {"adgroup_id": int(row["adset_id"]), "adgroup_name": adset["name"]}
        if level == "adset":
            return told | self._adgroup(market, campaign)
        # Smart+ ads are not told to change.
        smart = int(row["ad_id"]) % 7 == 0
        return told | self._ad(market, row) | ({"modify_time": None} if smart else {})

    def _campaign(self, campaign: Row) -> Row:
        return {
            "objective_type": OBJECTIVES.get(campaign["objective"], "TRAFFIC"),
            "budget_mode": "BUDGET_MODE_DAY",
            "budget": campaign["daily_budget"] / 100,
            "is_smart_performance_campaign": False,
        }

    def _adgroup(self, market: Market, campaign: Row) -> Row:
        zone, stop = market.zone, campaign["stop_date"]
        begins = datetime.combine(campaign["start_date"], time(), zone)
        ends = datetime.combine(stop, time(23, 59, 59), zone) if stop else begins + FOREVER
        return {
            "optimization_goal": "CONVERT",
            "billing_event": "OCPM",
            "budget": 0,
            "schedule_type": "SCHEDULE_START_END" if stop else "SCHEDULE_FROM_NOW",
            "schedule_start_time": _utc(begins),
            "schedule_end_time": _utc(ends),
        }

    def _ad(self, market: Market, ad: Row) -> Row:
        page = f"https://{market.hostname}/collections/all"
        own, _, content = ad["url_tags"].partition("&utm_content=")
        # Every other advertiser lets TikTok put the parameters in, and names itself by placeholder.
        written = int(content) % 2 == 0
        params = [] if written else [pair.split("=", 1) for pair in own.split("&")]
        pairs = [{"key": key, "value": value} for key, value in params]
        if not written:
            pairs.append({"key": "utm_content", "value": "__CID__"})
        return {
            "ad_id": int(ad["ad_id"]),
            "ad_name": ad["name"],
            "ad_format": "SINGLE_VIDEO",
            "ad_text": "-",
            "landing_page_url": f"{page}?{ad['url_tags']}" if written else page,
            "landing_page_urls": None,
            "utm_params": pairs or None,
            "video_id": f"v10033g50000{ad['ad_id']}",
        }

    # --- reports ----------------------------------------------------------------------------------

    def _report(self, asked: Mapping[str, str]) -> Row:
        market = _market(asked.get("advertiser_id", ""))
        level, own = LEVELS.get(asked.get("data_level", ""), ("", ""))
        if not level or asked.get("service_type") != "AUCTION":
            raise TikTokError(40002, "data_level: Not a valid value for service_type AUCTION.")
        metrics = self._metrics(asked, level)
        dimensions = _dimensions(asked, own)
        first, last = _span(asked)
        kept = self._kept(asked, market, level)
        # The report does not change while it is paged through.
        key = (self.name, self._faults.version, market.code, level, dimensions, first, last)
        report = self._scene.memo.get(
            (*key, str(sorted(kept))),
            lambda: self._cells(market).report(
                level, [BREAKDOWNS[name] for name in dimensions], first, last, 1, kept
            ),
        )
        return _page(
            asked,
            range(len(report)),
            lambda at: self._row(market, level, report, at, metrics, dimensions),
        )

    def _metrics(self, asked: Mapping[str, str], level: str) -> list[str]:
        known = METRICS if asked.get("report_type") == "BASIC" else AUDIENCE_METRICS
        retired = {rule.metric for rule in self._faults.standing("retired_metric", self.name)}
        metrics = _list(asked, "metrics")
        above = {"campaign": ("ad", "adset"), "account": ("ad", "adset", "campaign")}.get(level, ())
        absent = {f"{_told(name)}_name" for name in above} | {f"{_told(n)}_id" for n in above}
        if wrong := [name for name in metrics if name not in known or name in retired | absent]:
            raise TikTokError(40002, f"Invalid metric fields: {wrong}.")
        return metrics

    def _kept(self, asked: Mapping[str, str], market: Market, level: str) -> dict[str, set[str]]:
        """Objects that are not deleted, unless the filter asks for all."""
        if level == "account":
            return {}
        everything = any(
            item.get("field_name") == f"{_told(level)}_status"
            and "STATUS_ALL" in str(item.get("filter_value"))
            for item in _json(asked, "filtering", list[dict[str, Any]]) or []
        )
        return {
            f"{level}_id": {
                row[f"{level}_id"]
                for row in self._rows(market, level)
                if everything or self._state(market, row) != "DELETE"
            }
        }

    def _cells(self, market: Market) -> Cells:
        def build() -> Cells:
            world = self._scene.world
            served = served_cells(world, market.code, NETWORK.name)
            for column, words in (("age", AGES), ("gender", GENDERS), ("region", PROVINCES)):
                served = _reworded(served, column, words)
            cells = Cells(
                served,
                served_extra(world, market.code, NETWORK.name),
                served_reach(world, market.code, NETWORK.name),
            )
            for rule in self._faults.standing("restate", self.name):
                if rule.account in ("", NETWORK.accounts[market.code]):
                    cells.adjust(rule.ad_id, date.fromisoformat(rule.date), rule.changes)
            return cells

        return self._scene.memo.get((self.name, "cells", market.code, self._faults.version), build)

    def _row(
        self,
        market: Market,
        level: str,
        report: Report,
        at: int,
        metrics: Sequence[str],
        dimensions: Sequence[str],
    ) -> Row:
        (found,) = rows(report, [at])
        if level == "account":
            found["account_id"] = NETWORK.accounts[market.code]
        own = {name: found[BREAKDOWNS[name]] for name in dimensions}
        _, name = next(value for value in LEVELS.values() if value[0] == level)
        told = {name: found[f"{level}_id"], "stat_time_day": f"{found['first']} 00:00:00"}
        names = {
            f"{_told(each)}_name": self._named(market, each)[found[f"{each}_id"]]["name"]
            for each in ("campaign", "adset", "ad")
            if f"{each}_id" in found
        }
        return {
            "dimensions": told | own,
            "metrics": {metric: METRICS[metric](found, names) for metric in metrics},
        }


def _told(level: str) -> str:
    return "adgroup" if level == "adset" else level


def _purchases(row: Row) -> int:
    return int(row["purchases_claimed_7d_click"] + row["purchases_claimed_1d_view"])


def _text(name: str) -> Callable[[Row, Mapping[str, str]], Any]:
    return lambda row, _: str(row[name])


# Types as TikTok mixes them: text, whole numbers, and null or a dash for what there is not.
METRICS: dict[str, Callable[[Row, Mapping[str, str]], Any]] = {
    "campaign_id": lambda row, _: row.get("campaign_id"),
    "adgroup_id": lambda row, _: row.get("adset_id"),
    "campaign_name": lambda _, names: names["campaign_name"],
    "adgroup_name": lambda _, names: names["adgroup_name"],
    "ad_name": lambda _, names: names["ad_name"],
    "spend": lambda row, _: decimal(row["spend"]),
    "impressions": _text("impressions"),
    "clicks": _text("link_clicks"),
    "engagements": _text("clicks"),
    "reach": _text("reach"),
    "conversion": lambda row, _: _purchases(row),
    "complete_payment": lambda row, _: str(_purchases(row)),
    "vta_complete_payment": lambda row, _: (
        row["purchases_claimed_1d_view"] if _purchases(row) else None
    ),
    "total_complete_payment_rate": lambda row, _: (
        f"{decimal(row['value_claimed'])}0" if _purchases(row) else "-"
    ),
}
AUDIENCE_METRICS = ("campaign_id", "campaign_name", "spend", "impressions", "clicks", "conversion")


def _market(advertiser: str) -> Market:
    market = ADVERTISERS.get(advertiser)
    if market is None:
        raise TikTokError(40001, f"No permission to operate advertiser {advertiser}.")
    return market


def _info(market: Market) -> Row:
    offset = datetime(2026, 1, 1, tzinfo=market.zone).utcoffset() or timedelta()
    hours = round(offset.total_seconds() / 3600)
    return {
        "advertiser_id": NETWORK.accounts[market.code],
        "name": market.page_name,
        "company": market.page_name,
        "currency": market.currency,
        "country": market.country_code,
        # Etc/GMT has its signs the other way round, and no summer time.
        "timezone": f"Etc/GMT{-hours:+d}",
        "display_timezone": market.timezone,
        "status": "STATUS_ENABLE",
        "role": "ROLE_ADVERTISER",
        "create_time": int(datetime(2023, 1, 1, tzinfo=UTC).timestamp()),
    }


def _json(asked: Mapping[str, str], name: str, kind: Any) -> Any:
    """A parameter that is JSON text; None where it is absent."""
    if name not in asked:
        return None
    try:
        return msgspec.json.decode(asked[name], type=kind)
    except msgspec.DecodeError:
        raise TikTokError(40002, f"{name}: Not a valid JSON value.") from None


def _list(asked: Mapping[str, str], name: str) -> list[str]:
    found = _json(asked, name, list[str])
    if not found:
        raise TikTokError(40002, f"{name}: Missing data for required field.")
    return list(found)


def _chosen(told: Row, asked: Mapping[str, str]) -> Row:
    """The fields that are asked for; all of them without a word."""
    fields = _json(asked, "fields", list[str])
    return told if fields is None else {name: told.get(name) for name in fields}


def _dimensions(asked: Mapping[str, str], own: str) -> tuple[str, ...]:
    """The breakdowns beside the level's own id and the day."""
    dimensions = _list(asked, "dimensions")
    if not {own, "stat_time_day"} <= set(dimensions):
        raise TikTokError(40002, f"dimensions: {own} and stat_time_day are needed at this level.")
    rest = tuple(name for name in dimensions if name not in (own, "stat_time_day"))
    if rest and asked.get("report_type") != "AUDIENCE":
        raise TikTokError(40002, f"dimensions: {list(rest)} need report_type AUDIENCE.")
    if wrong := [name for name in rest if name not in BREAKDOWNS]:
        raise TikTokError(40002, f"dimensions: {wrong} are not supported.")
    return rest


def _span(asked: Mapping[str, str]) -> tuple[date, date]:
    try:
        first, last = (date.fromisoformat(asked[name]) for name in ("start_date", "end_date"))
    except (KeyError, ValueError):
        raise TikTokError(40002, "start_date, end_date: Not a valid date.") from None
    if last < first or last - first >= MOST_DAYS:
        raise TikTokError(40002, "The max time span is 30 days when stat_time_day is asked for.")
    return first, last


def _page(asked: Mapping[str, str], items: Sequence[Any], build: Callable[[Any], Row]) -> Row:
    size = int(asked.get("page_size", DEFAULT_PAGE))
    page = int(asked.get("page", 1))
    if not 1 <= size <= MAX_PAGE:
        raise TikTokError(40002, f"page_size: Must be between 1 and {MAX_PAGE}.")
    part = items[(page - 1) * size : page * size]
    info = {
        "page": page,
        "page_size": size,
        "total_number": len(items),
        "total_page": -(-len(items) // size),
    }
    return {"list": [build(item) for item in part], "page_info": info}


def _utc(moment: datetime) -> str:
    """An instant (naive ones are UTC) as TikTok writes those of objects: UTC, unsaid."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.strftime("%Y-%m-%d %H:%M:%S")


def _reworded(table: pa.Table, column: str, words: Mapping[str, str]) -> pa.Table:
    """The table with the column's values as TikTok names them."""
    known: Iterable[str] = words
    place = pc.index_in(table[column].combine_chunks(), value_set=pa.array(list(known)))
    said = pa.array([words[name] for name in words]).take(place)
    return table.set_column(table.column_names.index(column), column, said)
