"""The pages that the benchmarks serve, and the server that hands them out.

Belongs here: rows as large and as varied as the platforms' own, with fields that no stream models.
Does not: measuring.

Every page is packed before the server starts, and the server is a process of its own: nothing that
it does is counted among the costs of a contestant.
"""

from __future__ import annotations

import gzip
import multiprocessing
import random
import re
import socketserver
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

import msgspec

FIRST, DAYS = date(2026, 5, 1), 7
ACCOUNT, SHOP = "301000000000001", "kopi-sari"
ORDERS_A_PAGE, INSIGHTS_A_PAGE = 250, 500

ACTIONS = (
    "link_click",
    "page_engagement",
    "landing_page_view",
    "omni_add_to_cart",
    "omni_purchase",
    "purchase",
    "offsite_conversion.fb_pixel_purchase",
)
PRODUCTS = ("Arabica Gayo 250 g", "Robusta Temanggung 1 kg", "Kopi susu, six pack", "Filter papers")
CITIES = (("JK", "Jakarta"), ("JB", "Bandung"), ("JI", "Surabaya"), ("BA", "Denpasar"))


def insight(number: int, chance: random.Random) -> dict[str, Any]:
    """One row of ad insights, 1.4 KB, as Meta writes it; `objective` is not modelled."""
    ad, day = number // DAYS, (FIRST + timedelta(days=number % DAYS)).isoformat()
    impressions = int(chance.lognormvariate(7, 1.2))
    clicks = int(impressions * chance.uniform(0, 0.04))
    actions = [_action(kind, clicks, chance) for kind in ACTIONS]
    return {
        "account_id": ACCOUNT,
        "campaign_id": str(23854404000000000 + ad // 12),
        "campaign_name": f"ID | Prospecting | {ad // 12:05}",
        "adset_id": str(23854504000000000 + ad // 4),
        "adset_name": f"Broad 18-44 | {ad // 4:06}",
        "ad_id": str(23854604000000000 + ad),
        "ad_name": f"Video 15s | hook {ad % 7} | {ad:06}",
        "objective": "OUTCOME_SALES",
        "spend": f"{impressions * chance.uniform(8, 60):.2f}",
        "impressions": str(impressions),
        "clicks": str(clicks),
        "inline_link_clicks": str(int(clicks * 0.8)),
        "reach": str(int(impressions * 0.7)),
        "actions": actions,
        "action_values": [_action(kind, clicks * 90_000, chance) for kind in ACTIONS[-2:]],
        "date_start": day,
        "date_stop": day,
    }


def _action(kind: str, top: int, chance: random.Random) -> dict[str, str]:
    value = chance.randint(0, top)
    return {
        "action_type": kind,
        "value": str(value),
        "1d_view": str(value // 9),
        "1d_click": str(value // 2),
        "7d_click": str(value),
        "28d_click": str(value),
    }


def order(number: int, chance: random.Random) -> dict[str, Any]:
    """One order, 5.3 KB, as Shopify writes it; a third of that is modelled by no stream.

    Three lines and two visits, as the median order has.
    """
    seconds = int(DAYS * 86_400 * chance.random())
    placed = datetime.combine(FIRST, datetime.min.time()) + timedelta(seconds=seconds)
    lines = [_line(number * 10 + n, chance) for n in range(chance.choice((2, 3, 3, 4)))]
    total = sum(
        float(line["originalUnitPriceSet"]["shopMoney"]["amount"]) * line["quantity"]
        for line in lines
    )
    province, city = chance.choice(CITIES)
    address = {"countryCodeV2": "ID", "province": province, "city": city}
    at = f"{placed.isoformat()}Z"
    return {
        "legacyResourceId": str(5_500_000_000_000 + number),
        "name": f"#KS{number:07}",
        "createdAt": at,
        "processedAt": at,
        "updatedAt": at,
        "cancelledAt": None,
        "displayFinancialStatus": chance.choice(("PAID", "PAID", "PARTIALLY_REFUNDED", "PENDING")),
        "test": False,
        "currencyCode": "IDR",
        "presentmentCurrencyCode": "IDR",
        "subtotalPriceSet": _set(total),
        "totalDiscountsSet": _set(total * 0.1),
        "totalTaxSet": _set(total * 0.11),
        "totalShippingPriceSet": _set(18_000),
        "totalPriceSet": _set(total + 18_000),
        "totalRefundedSet": _set(0),
        "customer": {"legacyResourceId": str(6_100_000_000_000 + chance.randrange(50_000))},
        "email": f"pelanggan.{chance.randrange(50_000)}@gmail.com",
        "phone": f"+62812{chance.randrange(10**8):08}",
        "shippingAddress": address,
        "billingAddress": address,
        "discountCodes": ["PAYDAY10"] if number % 3 == 0 else [],
        "sourceName": "web",
        "lineItems": {"nodes": lines, "pageInfo": _LAST},
        "refunds": [_refund(number, at)] if number % 5 == 0 else [],
        "customerJourneySummary": {
            "ready": True,
            "moments": {
                "nodes": [_moment(number * 10 + n, at, chance) for n in range(2)],
                "pageInfo": _LAST,
            },
        },
        **_unmodelled(number, at, total, chance),
    }


def _unmodelled(number: int, at: str, total: float, chance: random.Random) -> dict[str, Any]:
    """What an answer has beside what our stream keeps in columns."""
    return {
        "tags": ["vip", "repeat"] if number % 4 == 0 else [],
        "risk": {"recommendation": "ACCEPT", "score": round(chance.random(), 4)},
        "checkoutToken": f"{chance.getrandbits(128):032x}",
        "statusUrl": f"https://kopi-sari.example/orders/{chance.getrandbits(128):032x}",
        "taxLines": [
            {"title": "PPN", "rate": 0.11, "priceSet": _set(total * 0.11)},
            {"title": "Service", "rate": 0.02, "priceSet": _set(total * 0.02)},
        ],
        "shippingLine": {
            "title": chance.choice(("JNE REG", "SiCepat BEST", "GoSend")),
            "code": "standard",
            "originalPriceSet": _set(18_000),
            "discountedPriceSet": _set(18_000),
        },
        "transactions": [
            {
                "id": f"gid://shopify/OrderTransaction/{6_800_000_000_000 + number}",
                "gateway": chance.choice(("midtrans", "xendit", "manual")),
                "kind": "SALE",
                "status": "SUCCESS",
                "amountSet": _set(total + 18_000),
                "processedAt": at,
            }
        ],
        "fulfillments": [
            {
                "id": f"gid://shopify/Fulfillment/{4_900_000_000_000 + number}",
                "status": "SUCCESS",
                "createdAt": at,
                "trackingInfo": [
                    {
                        "company": "JNE",
                        "number": str(chance.getrandbits(45)),
                        "url": f"https://jne.example/track/{chance.getrandbits(45)}",
                    }
                ],
            }
        ],
        "note": "Tolong dibungkus rapi, jangan dilipat; titip satpam bila tidak ada orang.",
        "metafields": [
            {
                "id": f"gid://shopify/Metafield/{21_000_000_000_000 + number * 4 + n}",
                "namespace": "facts",
                "key": key,
                "type": "single_line_text_field",
                "value": str(chance.getrandbits(30)),
                "createdAt": at,
            }
            for n, key in enumerate(("loyalty_points", "roast_batch", "sales_rep", "campaign_ref"))
        ],
        "channelInformation": {
            "channelId": f"gid://shopify/ChannelInformation/{number % 5}",
            "channelDefinition": {"handle": "online_store", "channelName": "Online Store"},
            "app": {"id": "gid://shopify/App/580111", "title": "Online Store"},
        },
        "customAttributes": [
            {"key": "gift_note", "value": "Selamat ulang tahun"},
            {"key": "delivery_slot", "value": f"{chance.randint(9, 17)}:00"},
        ],
    }


_LAST = {"hasNextPage": False, "endCursor": "eyJsYXN0X2lkIjo5OTk5OTk5OTl9"}


def _set(amount: float) -> dict[str, Any]:
    return {"shopMoney": {"amount": f"{amount:.2f}"}}


def _line(number: int, chance: random.Random) -> dict[str, Any]:
    quantity = chance.randint(1, 3)
    return {
        "id": f"gid://shopify/LineItem/{13_900_000_000_000 + number}",
        "sku": f"KS-{chance.randrange(300):04}",
        "title": chance.choice(PRODUCTS),
        "variant": {"legacyResourceId": str(43_000_000_000_000 + chance.randrange(300))},
        "product": {"legacyResourceId": str(7_900_000_000_000 + chance.randrange(90))},
        "quantity": quantity,
        "currentQuantity": quantity,
        "originalUnitPriceSet": _set(chance.randrange(25, 480) * 1_000),
        "totalDiscountSet": _set(0),
    }


def _refund(number: int, at: str) -> dict[str, Any]:
    payment = {
        "id": f"gid://shopify/OrderTransaction/{6_700_000_000_000 + number}",
        "kind": "REFUND",
        "status": "SUCCESS",
        "amountSet": _set(25_000),
        "processedAt": at,
    }
    return {
        "legacyResourceId": str(8_800_000_000_000 + number),
        "createdAt": at,
        "note": "Pecah di jalan",
        "totalRefundedSet": _set(25_000),
        "transactions": {"nodes": [payment], "pageInfo": _LAST},
    }


def _moment(number: int, at: str, chance: random.Random) -> dict[str, Any]:
    campaign = 23854404000000000 + chance.randrange(400)
    return {
        "id": f"gid://shopify/CustomerVisit/{14_000_000_000_000 + number}",
        "occurredAt": at,
        "landingPage": "https://kopi-sari.example/collections/arabika?utm_source=facebook"
        f"&utm_medium=paid_social&utm_campaign={campaign}&utm_content={chance.getrandbits(40)}",
        "referrerUrl": f"https://l.facebook.com/l.php?u=kopi-sari.example&h={chance.getrandbits(60)}",
        "source": "Facebook",
        "sourceType": "SOCIAL",
        "utmParameters": {
            "source": "facebook",
            "medium": "paid_social",
            "campaign": str(campaign),
            "content": str(chance.getrandbits(40)),
            "term": None,
        },
    }


# --- packed answers


def insight_pages(rows: int) -> list[bytes]:
    """Packed pages of Graph's insights edge; the link to the next page carries its number."""
    chance, encode = random.Random(1), msgspec.json.encode
    count = rows // INSIGHTS_A_PAGE
    return [
        _packed(
            encode(
                {
                    "data": [
                        insight(page * INSIGHTS_A_PAGE + n, chance) for n in range(INSIGHTS_A_PAGE)
                    ],
                    "paging": {"cursors": {"before": str(page), "after": str(page + 1)}}
                    | ({"next": f"https://graph/x?after={page + 1}"} if page + 1 < count else {}),
                }
            )
        )
        for page in range(count)
    ]


def order_pages(rows: int) -> list[bytes]:
    """Packed pages of Shopify's orders connection; the cursor is the next page's number."""
    chance, encode = random.Random(1), msgspec.json.encode
    count = rows // ORDERS_A_PAGE
    return [
        _packed(
            encode(
                {
                    "data": {
                        "orders": {
                            "nodes": [
                                order(page * ORDERS_A_PAGE + n, chance)
                                for n in range(ORDERS_A_PAGE)
                            ],
                            "pageInfo": {
                                "hasNextPage": page + 1 < count,
                                "endCursor": str(page + 1),
                            },
                        }
                    }
                }
            )
        )
        for page in range(count)
    ]


def _packed(body: bytes) -> bytes:
    content = gzip.compress(body, 6)
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: %d\r\n\r\n" % len(content)
    ) + content


# --- the server

_ACCOUNT = {"id": f"act_{ACCOUNT}", "timezone_name": "Asia/Jakarta", "currency": "IDR"}
_SHOP = {
    "data": {
        "shop": {"ianaTimezone": "Asia/Jakarta", "currencyCode": "IDR", "name": "Sari"},
        "currentAppInstallation": {"accessScopes": [{"handle": "read_all_orders"}]},
    }
}
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_AFTER = re.compile(rb'[?&]after=(\d+)|"after": ?"(\d+)"')


class _Handler(socketserver.StreamRequestHandler):
    """One connection: page n of what is asked for, and what describes the account and the shop."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        server: Any = self.server
        while line := self.rfile.readline():
            length = 0
            while (header := self.rfile.readline()) not in (b"\r\n", b""):
                if found := _LENGTH.match(header):
                    length = int(found[1])
            time.sleep(server.delay)
            self.wfile.write(server.answer(line, self.rfile.read(length)))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, orders: list[bytes], insights: list[bytes], delay: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.delay = delay
        self._orders, self._insights = orders, insights
        encode = msgspec.json.encode
        self._account, self._shop = _packed(encode(_ACCOUNT)), _packed(encode(_SHOP))

    def answer(self, line: bytes, body: bytes) -> bytes:
        found = _AFTER.search(body) or _AFTER.search(line)
        page = int(found[1] or found[2]) if found else 0
        if b"graphql" in line:
            return self._orders[page] if b"orders(" in body else self._shop
        if b"/orders" in line:
            return self._orders[page]
        return self._insights[page] if b"/insights" in line else self._account


def _serve(orders: int, insights: int, delay: float, tell: Connection) -> None:
    with _Server(order_pages(orders), insight_pages(insights), delay) as server:
        tell.send(server.server_address[1])
        server.serve_forever()


@contextmanager
def serving(orders: int, insights: int, delay: float = 0.0) -> Iterator[str]:
    """The URL of a server with so many rows of each kind, which answers `delay` seconds late."""
    context = multiprocessing.get_context("spawn")
    hear, tell = context.Pipe()
    process = context.Process(target=_serve, args=(orders, insights, delay, tell), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{hear.recv()}"
    finally:
        process.terminate()
        process.join()


Pages = Callable[[int], list[bytes]]
