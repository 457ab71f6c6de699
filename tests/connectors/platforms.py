"""Each platform with one account: how its source is made, what it tells of the account, and its
envelopes, for the tests that ask the same of all of them.

Belongs here: the shape of answers around records. Does not: which records a test lets it tell.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripted import Asked, Reply, Scripted

from pipelines.connectors.facebook_pages import facebook_pages
from pipelines.connectors.files import FilesSource
from pipelines.connectors.ga4 import ga4
from pipelines.connectors.google_ads import google_ads
from pipelines.connectors.http import Clock
from pipelines.connectors.instagram import instagram
from pipelines.connectors.linkedin import linkedin
from pipelines.connectors.linkedin_ads import linkedin_ads
from pipelines.connectors.meta_ads import meta_ads
from pipelines.connectors.oauth1 import Keys
from pipelines.connectors.registry import STREAMS
from pipelines.connectors.shopee import shopee
from pipelines.connectors.shopify import Shopify
from pipelines.connectors.stream import Source, Stream
from pipelines.connectors.stripe import Stripe
from pipelines.connectors.tiktok import tiktok
from pipelines.connectors.tiktok_ads import tiktok_ads
from pipelines.connectors.tiktok_shop import tiktok_shop
from pipelines.connectors.woocommerce import WooCommerce
from pipelines.connectors.x import x
from pipelines.connectors.x_ads import x_ads
from pipelines.connectors.youtube import youtube

Answer = Callable[[Asked], Reply]

# The account of each platform, as it is configured.
ACCOUNTS = {
    "facebook_pages": "100",
    "meta_ads": "301",
    "ga4": "4000",
    "shopify": "sari",
    "woocommerce": "toko.example",
    "stripe": "acct_1Test",
    "shopee": "37872",
    "tiktok_ads": "7001035076276387841",
    "tiktok": "_000abc",
    "tiktok_shop": "7495000000000000011",
    "x": "1501000000000000001",
    "x_ads": "18ce54d4x5t",
    "google_ads": "1234567890",
    "linkedin_ads": "512345678",
    "linkedin": "90362860",
    "youtube": "UC1",
    "instagram": "178",
}
LAST = {"hasNextPage": False, "endCursor": None}


@dataclass(frozen=True)
class Told:
    """Where the account is, and in what money it counts, as far as its platform tells."""

    zone: str = "UTC"
    currency: str = "USD"


@dataclass(frozen=True)
class Platform:
    """How a source is made (at an address, with a clock), and what it is told of its account.

    `greets` gives None for what asks neither for a token nor of the account.
    """

    make: Callable[[str, Clock, str], Source]
    greets: Callable[[Asked, Told, str], Reply | None]


def streams_of(*skipped: str) -> dict[str, Stream]:
    """Every stream of the registry by `source.name`, without those sources."""
    return {
        f"{stream.source}.{stream.name}": stream
        for source, streams in STREAMS.items()
        for stream in streams
        if source not in skipped
    }


def stand_in(server: Scripted, name: str, told: Told, clock: Clock, answer: Answer) -> Source:
    """The source, with a server that is its platform; `answer` gives what is not of the account."""
    platform, account = PLATFORMS[name], ACCOUNTS[name]
    server.answer = lambda asked: platform.greets(asked, told, account) or answer(asked)
    return platform.make(server.url, clock, account)


# --- envelopes ------------------------------------------------------------------------------------


def list_of(records: Sequence[Any]) -> Reply:
    """A list of Graph's."""
    return Reply({"data": list(records)})


def ga4_report(asked: Asked, rows: Sequence[dict[str, str]]) -> Reply:
    """The rows in the order of the names asked for; what a row does not say is 'x', or 0."""
    body = asked.json
    names = [[each["name"] for each in body[part]] for part in ("dimensions", "metrics")]
    values = ("x", "0")
    return Reply(
        {
            "dimensionHeaders": [{"name": name} for name in names[0]],
            "metricHeaders": [{"name": name} for name in names[1]],
            "rows": [
                {
                    part: [{"value": row.get(name, value)} for name in asked_for]
                    for part, asked_for, value in zip(
                        ("dimensionValues", "metricValues"), names, values, strict=True
                    )
                }
                for row in rows
            ],
            "rowCount": len(rows),
            "metadata": {},
        }
    )


def nodes(root: str, records: Sequence[Any]) -> Reply:
    """A connection of Shopify's, on its only page."""
    return Reply({"data": {root: {"nodes": list(records), "pageInfo": LAST}}})


def shopify_order(number: int, updated: str, currency: str = "IDR", **more: Any) -> dict[str, Any]:
    return {
        "legacyResourceId": str(number),
        "name": f"#{number}",
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": updated,
        "currencyCode": currency,
        "totalPriceSet": {"shopMoney": {"amount": "1.0"}},
        "lineItems": {"nodes": [], "pageInfo": LAST},
        "refunds": [],
        "customerJourneySummary": {"ready": True, "moments": {"nodes": [], "pageInfo": LAST}},
        **more,
    }


def woocommerce_page(asked: Asked, records: Sequence[Any]) -> Reply:
    """All on the first page; the trash is empty."""
    first = asked.query.get("page") == "1" and asked.query.get("status") != "trash"
    return Reply(list(records) if first else [])


def stripe_list(objects: Sequence[Any]) -> Reply:
    return Reply({"object": "list", "data": list(objects), "has_more": False})


def shopee_said(**more: Any) -> Reply:
    return Reply({"error": "", "message": "", "request_id": "r", **more})


def shopee_orders(asked: Asked, orders: Sequence[Any], income: Any = None) -> Reply:
    """The list of their numbers, their details, or the income of those that are paid."""
    match asked.path.rpartition("/")[2]:
        case "get_order_list":
            told = [{"order_sn": order["order_sn"]} for order in orders]
            return shopee_said(response={"more": False, "next_cursor": "", "order_list": told})
        case "get_order_detail":
            wanted = asked.query["order_sn_list"].split(",")
            told = [order for order in orders if order["order_sn"] in wanted]
            return shopee_said(response={"order_list": told})
        case _:
            details = [
                {"escrow_detail": {"order_sn": number, "order_income": income}}
                for number in asked.json["order_sn_list"]
            ]
            return shopee_said(response=details)


def business(*records: Any) -> Reply:
    """An answer of TikTok's API for Business."""
    info = {"page": 1, "page_size": 1000, "total_number": len(records), "total_page": 1}
    data = {"list": list(records), "page_info": info}
    return Reply({"code": 0, "message": "OK", "request_id": "1", "data": data})


def shop_found(name: str, records: Sequence[Any]) -> Reply:
    """What TikTok Shop found."""
    data = {name: list(records), "next_page_token": "", "total_count": len(records)}
    return Reply({"code": 0, "message": "Success", "request_id": "1", "data": data})


def tweets(records: Sequence[Any]) -> Reply:
    """A page of X; an empty one has no data."""
    found = {"data": list(records)} if records else {}
    return Reply({**found, "meta": {"result_count": len(records)}})


def x_stats(series: dict[str, Any], *entities: str) -> Reply:
    """Figures of X Ads, the same of each entity."""
    told = [
        {"id": entity, "id_data": [{"segment": None, "metrics": series}]} for entity in entities
    ]
    return Reply({"data_type": "stats", "data": told})


def elements(records: Sequence[Any]) -> Reply:
    """A collection of LinkedIn's, on its only page."""
    paging = {"start": 0, "count": 100, "total": len(records), "links": []}
    return Reply({"elements": list(records), "paging": paging})


def google_chunk(*rows: Any) -> Reply:
    """A stream of Google Ads that is one chunk."""
    return Reply([{"results": list(rows), "requestId": "a"}])


def youtube_report(asked: Asked, rows: Sequence[dict[str, Any]]) -> Reply:
    """The rows by the names that were asked for; what a row does not say is 0."""
    names = [*asked.query["dimensions"].split(","), *asked.query["metrics"].split(",")]
    return Reply(
        {
            "kind": "youtubeAnalytics#resultTable",
            "columnHeaders": [{"name": name} for name in names],
            "rows": [[row.get(name, 0) for name in names] for row in rows],
        }
    )


def money_of(stream: Stream, row: dict[str, Any]) -> dict[str, Any]:
    """Every amount of a landed row by its place, those within lists too."""
    return dict(_amounts(stream.schema.fields, row))


def _amounts(fields: Sequence[Any], row: dict[str, Any], within: str = "") -> Iterator[Any]:
    for field in fields:
        if field.kind == "money":
            yield within + field.name, row[field.name]
        elif field.kind == "list":
            for item in row[field.name] or ():
                yield from _amounts(field.fields, item, f"{within}{field.name}.")


# --- accounts -------------------------------------------------------------------------------------


def _facebook(asked: Asked, _: Told, account: str) -> Reply | None:
    return Reply({"id": account, "name": "S"}) if asked.path == f"/v25.0/{account}" else None


def _meta(asked: Asked, told: Told, account: str) -> Reply | None:
    if asked.path != f"/v25.0/act_{account}":
        return None
    return Reply({"id": account, "currency": told.currency, "timezone_name": told.zone})


def _ga4(asked: Asked, told: Told, _: str) -> Reply | None:
    if asked.json["dateRanges"][0]["startDate"] != "yesterday":
        return None
    return Reply({"metadata": {"currencyCode": told.currency, "timeZone": told.zone}})


def _shopify(asked: Asked, told: Told, _: str) -> Reply | None:
    query = asked.json["query"]
    if "ianaTimezone" in query:
        shop = {"name": "S", "currencyCode": told.currency, "ianaTimezone": told.zone}
        return Reply({"data": {"shop": shop}})
    if "accessScopes" in query:
        scopes = {"accessScopes": [{"handle": "read_all_orders"}]}
        return Reply({"data": {"currentAppInstallation": scopes}})
    return None


def _woocommerce(asked: Asked, told: Told, _: str) -> Reply | None:
    if asked.path.endswith("/currencies/current"):
        return Reply({"code": told.currency})
    if asked.path.endswith("/wp-json/"):
        return Reply({"name": "S", "timezone_string": told.zone, "gmt_offset": 0})
    return None


def _stripe(asked: Asked, told: Told, account: str) -> Reply | None:
    about = {"id": account, "default_currency": told.currency.lower()}
    return Reply(about) if asked.path == "/v1/account" else None


def _shopee(asked: Asked, _: Told, __: str) -> Reply | None:
    if asked.path.endswith("/auth/access_token/get"):
        return shopee_said(access_token="access", refresh_token="next", expire_in=14_400)
    if asked.path.endswith("/shop/get_shop_info"):
        return shopee_said(shop_name="S")
    return None


def _tiktok_ads(asked: Asked, told: Told, account: str) -> Reply | None:
    if not asked.path.endswith("/advertiser/info/"):
        return None
    # The other zone is one of whole hours, and knows no summer time.
    zones = {"timezone": "Etc/GMT+8", "display_timezone": told.zone}
    return business({"advertiser_id": int(account), "currency": told.currency, **zones})


def _tiktok(asked: Asked, _: Told, account: str) -> Reply | None:
    if asked.path == "/v2/oauth/token/":
        token = {"access_token": "act", "expires_in": 7200, "refresh_token": "rft"}
        return Reply({**token, "open_id": account, "refresh_expires_in": 15_552_000})
    if asked.path == "/v2/user/info/":
        user = {"open_id": account, "display_name": "S"}
        return Reply({"data": {"user": user}, "error": {"code": "ok"}})
    return None


def _tiktok_shop(asked: Asked, _: Told, account: str) -> Reply | None:
    if asked.path == "/api/v2/token/refresh":
        # The end of the year in which the tests' clocks stand.
        token = {"access_token": "ROW_a", "access_token_expire_in": 1_798_761_600}
        return Reply({"code": 0, "data": {**token, "refresh_token": "ROW_r"}})
    if asked.path == "/authorization/202309/shops":
        shop = {"id": account, "name": "S", "cipher": "ROW_c", "region": "ID"}
        return Reply({"code": 0, "data": {"shops": [shop]}})
    return None


def _x(asked: Asked, _: Told, account: str) -> Reply | None:
    if asked.path == f"/2/users/{account}":
        return Reply({"data": {"id": account, "username": "s"}})
    # Whether a list goes on beyond what was asked for: it does, so that no day is cut off.
    older = "end_time" in asked.query and "start_time" not in asked.query
    return tweets([{"id": "1", "created_at": "2020-01-01T00:00:00.000Z"}]) if older else None


def _x_ads(asked: Asked, told: Told, account: str) -> Reply | None:
    if asked.path == f"/12/accounts/{account}":
        return Reply({"data": {"id": account, "timezone": told.zone, "name": "S"}})
    if asked.path.endswith("/funding_instruments"):
        return Reply({"data": [{"id": "f", "currency": told.currency}]})
    return None


def _google_ads(asked: Asked, told: Told, account: str) -> Reply | None:
    if asked.path == "/oauth/token":
        return Reply({"access_token": "access", "expires_in": 3599})
    if "customer.manager" not in asked.json["query"]:
        return None
    return google_chunk(
        {"customer": {"id": account, "currencyCode": told.currency, "timeZone": told.zone}}
    )


def _linkedin_ads(asked: Asked, told: Told, account: str) -> Reply | None:
    about = {"id": int(account), "name": "S", "currency": told.currency}
    return Reply(about) if asked.path == f"/rest/adAccounts/{account}" else None


def _linkedin(asked: Asked, _: Told, account: str) -> Reply | None:
    about = {"id": int(account), "localizedName": "S"}
    return Reply(about) if asked.path == f"/rest/organizations/{account}" else None


def _youtube(asked: Asked, _: Told, __: str) -> Reply | None:
    if not asked.path.endswith("/channels"):
        return None
    playlists = {"relatedPlaylists": {"uploads": "UU1"}}
    return Reply({"items": [{"snippet": {"title": "S"}, "contentDetails": playlists}]})


def _instagram(asked: Asked, _: Told, account: str) -> Reply | None:
    about = {"id": account, "username": "s"}
    return Reply(about) if asked.path == f"/v25.0/{account}" else None


OWNERS = Keys("app", "app-secret-of-the-test", "token-of-the-test", "secret-of-the-test")
PLATFORMS: dict[str, Platform] = {
    "facebook_pages": Platform(
        lambda url, clock, account: facebook_pages(
            "token", [account], base_url=url, version="v25.0", clock=clock
        ),
        _facebook,
    ),
    "meta_ads": Platform(
        lambda url, clock, account: meta_ads(
            "token", [account], base_url=url, version="v25.0", clock=clock
        ),
        _meta,
    ),
    "ga4": Platform(
        lambda url, clock, account: ga4([account], base_url=url, access_token="ya29", clock=clock),
        _ga4,
    ),
    "shopify": Platform(
        lambda url, clock, account: Shopify(
            {account: "shpat"}, base_url=url + "/{shop}", version="2026-07", clock=clock
        ),
        _shopify,
    ),
    "woocommerce": Platform(
        lambda url, clock, account: WooCommerce(
            {account: ("ck_key", "cs_secret")}, base_url=url + "/{site}", clock=clock
        ),
        _woocommerce,
    ),
    "stripe": Platform(
        lambda url, clock, account: Stripe(
            {account: "rk_test"}, base_url=url, version="2026-10-28.endive", clock=clock
        ),
        _stripe,
    ),
    "shopee": Platform(
        lambda url, clock, account: shopee(
            "1000639", "shpk", {account: "refresh"}, base_url=url, clock=clock
        ),
        _shopee,
    ),
    "tiktok_ads": Platform(
        lambda url, clock, account: tiktok_ads(
            "token", [account], base_url=url, version="v1.3", clock=clock
        ),
        _tiktok_ads,
    ),
    "tiktok": Platform(
        lambda url, clock, account: tiktok(
            "key", "secret", {account: "rft"}, base_url=url, version="v2", clock=clock
        ),
        _tiktok,
    ),
    "tiktok_shop": Platform(
        lambda url, clock, account: tiktok_shop(
            "key",
            "secret",
            {account: "ROW"},
            base_url=url,
            auth_url=url,
            version="202309",
            clock=clock,
        ),
        _tiktok_shop,
    ),
    "x": Platform(
        lambda url, clock, account: x(
            "bearer", [account], queries=["keripik"], base_url=url, version="2", clock=clock
        ),
        _x,
    ),
    "x_ads": Platform(
        lambda url, clock, account: x_ads(
            OWNERS, [account], base_url=url, version="12", clock=clock
        ),
        _x_ads,
    ),
    "google_ads": Platform(
        lambda url, clock, account: google_ads(
            [account],
            developer_token="developer",
            client_id="client",
            client_secret="secret",
            refresh_token="refresh",
            base_url=url,
            oauth_base_url=f"{url}/oauth",
            version="v25",
            clock=clock,
        ),
        _google_ads,
    ),
    "linkedin_ads": Platform(
        lambda url, clock, account: linkedin_ads(
            [account],
            access_token="access",
            base_url=url,
            oauth_base_url=url,
            version="202602",
            clock=clock,
        ),
        _linkedin_ads,
    ),
    "linkedin": Platform(
        lambda url, clock, account: linkedin(
            [account],
            access_token="access",
            base_url=url,
            oauth_base_url=url,
            version="202602",
            clock=clock,
        ),
        _linkedin,
    ),
    "youtube": Platform(
        lambda url, clock, account: youtube(
            [account], base_url=url, analytics_base_url=url, access_token="ya29", clock=clock
        ),
        _youtube,
    ),
    "instagram": Platform(
        lambda url, clock, account: instagram(
            "token", [account], base_url=url, version="v25.0", clock=clock
        ),
        _instagram,
    ),
}


def exported(folder: Path, kind: str, rows: Sequence[dict[str, Any]], told: Told) -> FilesSource:
    """The source of one export of that kind, with the names that the kind itself has."""
    (folder / f"{kind}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    dataset = {"kind": kind, "path": f"{kind}.jsonl", "timezone": told.zone}
    mapping = folder / "files.yaml"
    mapping.write_text(json.dumps({"datasets": {"till": {**dataset, "currency": told.currency}}}))
    return FilesSource.load(mapping)
