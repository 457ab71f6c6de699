"""Stripe: creations once, then events; minor units by currency; refunds that are not yet money."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from recorded import recorded
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.errors import CursorExpired, DeadToken, Permanent, Transient
from pipelines.connectors.health import State
from pipelines.connectors.stream import Account, Batch, Window
from pipelines.connectors.stripe import STREAMS, Stripe

BY_NAME = {stream.name: stream for stream in STREAMS}
NUMBER, KEY = "acct_1Test", "rk_test_of_the_test_0123"
ACCOUNT = Account(NUMBER, "UTC", "USD")
# The clock of these tests stands at 09:00 UTC on the 10th.
MAY = Window(date(2026, 5, 8), date(2026, 5, 9), "UTC")


def epoch(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> Stripe:
    return Stripe({NUMBER: KEY}, base_url=server.url, version="2026-10-28.endive", clock=time.clock)


def charge(number: int, created: int = epoch(2026, 5, 8, 10), **more: Any) -> dict[str, Any]:
    return {
        "id": f"ch_{number}",
        "object": "charge",
        "amount": 1250000,
        "currency": "idr",
        "created": created,
        "status": "succeeded",
        "livemode": True,
        "metadata": {"order_id": str(number)},
        **more,
    }


def refund(number: int, status: str, created: int = epoch(2026, 5, 8, 10)) -> dict[str, Any]:
    return {
        "id": f"re_{number}",
        "object": "refund",
        "amount": 100,
        "currency": "idr",
        "created": created,
        "status": status,
        "charge": "ch_1",
    }


def event(number: int, kind: str, created: int, found: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"evt_{number}", "type": kind, "created": created, "data": {"object": found}}


def page(*objects: dict[str, Any], more: bool = False) -> Reply:
    return Reply({"object": "list", "data": list(objects), "has_more": more})


def serve(server: Scripted, **lists: list[dict[str, Any]]) -> None:
    """Lists as Stripe gives them: newest first, bounded by `created`, events by their types."""

    def answer(asked: Asked) -> Reply:
        objects = lists.get(asked.path.rpartition("/")[2], [])
        types = {value for name, value in asked.query.items() if name.startswith("types[")}
        bounds = (int(asked.query["created[gte]"]), int(asked.query["created[lt]"]))
        return page(
            *(
                each
                for each in sorted(objects, key=lambda each: -each["created"])
                if bounds[0] <= each["created"] < bounds[1]
                and (not types or each.get("type") in types)
            )
        )

    server.answer = answer


def read(source: Stripe, stream: str = "charges", window: Window = MAY) -> list[Batch]:
    return list(source.read(BY_NAME[stream], ACCOUNT, window))


def rows(batches: list[Batch]) -> list[dict[str, Any]]:
    assert all(batch.rejected == () for batch in batches)
    return [row for batch in batches for row in batch.rows.to_pylist()]


# --- accounts -------------------------------------------------------------------------------------


def test_the_version_is_pinned_and_the_key_is_a_bearer(source: Stripe, server: Scripted) -> None:
    server.says(Reply({"id": NUMBER, "default_currency": "usd", "business_profile": None}))
    assert source.accounts() == [Account(NUMBER, "UTC", "USD", "")]
    asked = server.asked[0]
    assert asked.path == "/v1/account"
    assert asked.headers["Authorization"] == f"Bearer {KEY}"
    assert asked.headers["Stripe-Version"] == "2026-10-28.endive"


def test_a_key_of_another_account_is_named(source: Stripe, server: Scripted) -> None:
    server.says(Reply({"id": "acct_other", "default_currency": "usd"}))
    source.accounts()
    with pytest.raises(Permanent, match=r"the key is acct_other's.*STRIPE_ACCOUNTS"):
        read(source)


def test_a_restricted_key_need_not_see_the_account(source: Stripe, server: Scripted) -> None:
    server.says(Reply({"error": {"type": "invalid_request_error", "message": "No."}}, 403))
    assert source.accounts() == [Account(NUMBER)]


def test_a_test_key_is_told_of(source: Stripe, server: Scripted) -> None:
    server.says(page(charge(1, livemode=False)))
    (found,) = [each for each in source.health(ACCOUNT) if each.what == "key"]
    assert (found.state, "STRIPE_API_KEY" in found.remedy) == (State.WARN, True)


# --- creations and changes ------------------------------------------------------------------------


def test_a_recent_window_is_read_by_its_events_and_its_creations(
    source: Stripe, server: Scripted
) -> None:
    serve(
        server,
        charges=[charge(1), charge(2, epoch(2026, 5, 9, 1))],
        events=[
            event(1, "charge.succeeded", epoch(2026, 5, 8, 10), charge(1)),
            event(
                2,
                "charge.refunded",
                epoch(2026, 5, 9, 3),
                charge(9, epoch(2026, 4, 20), amount_refunded=1250000, refunded=True),
            ),
        ],
    )
    found = {row["id"]: row for row in rows(read(source))}
    assert set(found) == {"ch_1", "ch_2", "ch_9"}
    old = found["ch_9"]
    assert (old["seen_at"].day, old["created_at"].month) == (9, 4)
    assert (old["refunded"], old["amount_refunded"]) == (True, Decimal(12500))
    # A charge whose event is still missing is there all the same.
    assert found["ch_2"]["seen_at"] == found["ch_2"]["created_at"]


def test_of_several_changes_in_a_window_the_newest_stands(source: Stripe, server: Scripted) -> None:
    half, whole = charge(1, amount_refunded=100), charge(1, amount_refunded=200)
    serve(
        server,
        charges=[charge(1, amount_refunded=999)],
        events=[
            event(1, "charge.succeeded", epoch(2026, 5, 8, 10), charge(1, amount_refunded=0)),
            event(2, "charge.refunded", epoch(2026, 5, 8, 12), half),
            event(3, "charge.refunded", epoch(2026, 5, 9, 12), whole),
        ],
    )
    (row,) = rows(read(source))
    assert (row["seen_at"].day, row["amount_refunded"]) == (9, Decimal(2))


def test_only_events_that_hold_a_charge_are_asked_for(source: Stripe, server: Scripted) -> None:
    serve(server)
    read(source)
    asked = next(asked for asked in server.asked if asked.path == "/v1/events")
    types = {value for name, value in asked.query.items() if name.startswith("types[")}
    assert "charge.refunded" in types
    assert not types & {"charge.dispute.created", "charge.refund.updated"}


def test_a_window_older_than_events_are_kept_is_read_by_half_a_year_of_creations(
    source: Stripe, server: Scripted
) -> None:
    """What was refunded in it may have been charged long before it."""
    march = Window(date(2026, 3, 1), date(2026, 3, 31), "UTC")
    serve(server, charges=[charge(1, epoch(2026, 3, 5)), charge(2, epoch(2025, 12, 24))])
    found = {row["id"]: row for row in rows(read(source, window=march))}
    assert {asked.path for asked in server.asked} == {"/v1/charges"}
    assert found["ch_1"]["seen_at"] == found["ch_1"]["created_at"]
    assert found["ch_2"]["seen_at"] == datetime.fromisoformat("2026-03-01T00:00:00")
    first = int(server.asked[0].query["created[gte]"])
    assert first == epoch(2026, 3, 1) - timedelta(days=180).total_seconds()


def test_a_window_that_events_cover_in_part_is_read_both_ways(
    source: Stripe, server: Scripted
) -> None:
    """Events go back to the 12th; a day on which some of them are gone is read by creations."""
    spring = Window(date(2026, 4, 1), date(2026, 5, 9), "UTC")
    serve(
        server,
        charges=[charge(1, epoch(2026, 4, 11, 23, 59)), charge(2, epoch(2026, 4, 12))],
        events=[event(1, "charge.updated", epoch(2026, 5, 1), charge(1, epoch(2026, 4, 11)))],
    )
    assert len(rows(read(source, window=spring))) == 2
    bounds = [
        (asked.path.rpartition("/")[2], asked.query["created[gte]"], asked.query["created[lt]"])
        for asked in server.asked
    ]
    kept = str(epoch(2026, 4, 12))
    assert bounds[0] == ("events", kept, str(epoch(2026, 5, 10)))
    assert bounds[1] == ("charges", kept, str(epoch(2026, 5, 10)))
    assert bounds[2][2] == kept


def test_reading_stops_a_minute_short_of_now(source: Stripe, server: Scripted) -> None:
    serve(server)
    read(source, window=Window(date(2026, 5, 9), date(2026, 5, 10), "UTC"))
    end = str(epoch(2026, 5, 10, 8, 59))
    assert {asked.query["created[lt]"] for asked in server.asked} == {end}


def test_lists_are_followed_by_their_last_object(source: Stripe, server: Scripted) -> None:
    server.says(page(), page(charge(2), more=True), page(charge(1)))
    assert [row["id"] for row in rows(read(source))] == ["ch_2", "ch_1"]
    assert [asked.query.get("starting_after") for asked in server.asked] == [None, None, "ch_2"]


@pytest.mark.parametrize("status", ["failed", "pending", "requires_action", "canceled"])
def test_a_refund_that_is_not_money_says_so(source: Stripe, server: Scripted, status: str) -> None:
    serve(
        server,
        refunds=[refund(1, status)],
        events=[event(1, "refund.updated", epoch(2026, 5, 9), refund(1, status))],
    )
    (row,) = rows(read(source, "refunds"))
    assert (row["status"], row["charge"]) == (status, "ch_1")


# --- objects --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "minor", "major"),
    [
        ("idr", 1250000, "12500"),
        ("usd", 2935, "29.35"),
        ("eur", 1, "0.01"),
        ("jpy", 980, "980"),
        ("krw", 15000, "15000"),
        ("kwd", 12340, "12.34"),
        ("ugx", 500, "5"),
        ("isk", 4000, "40"),
        ("usd", 0, "0"),
    ],
)
def test_minor_units_are_those_of_the_rows_own_currency(
    source: Stripe, server: Scripted, currency: str, minor: int, major: str
) -> None:
    serve(server, charges=[charge(1, amount=minor, currency=currency, amount_refunded=None)])
    (row,) = rows(read(source))
    assert (row["amount"], row["currency"]) == (Decimal(major), currency.upper())
    assert row["amount_refunded"] is None, "not told is not nothing"


@pytest.mark.parametrize("amount", ["1250", 12.5, True])
def test_an_amount_that_is_no_whole_number_of_minor_units_goes_to_quarantine(
    source: Stripe, server: Scripted, amount: Any
) -> None:
    serve(server, charges=[charge(1, amount=amount), charge(2)])
    batches = read(source)
    assert [each.field for batch in batches for each in batch.rejected] == ["amount"]
    assert [row["id"] for batch in batches for row in batch.rows.to_pylist()] == ["ch_2"]


@pytest.mark.parametrize("field", ["balance_transaction", "payment_intent", "customer"])
def test_an_expandable_field_is_an_id_or_an_object(
    source: Stripe, server: Scripted, field: str
) -> None:
    serve(server, charges=[charge(1, **{field: "x_1"}), charge(2, **{field: {"id": "x_1"}})])
    assert [row[field] for row in rows(read(source))] == ["x_1", "x_1"]


def test_names_and_cards_do_not_land_and_addresses_are_hashed(
    source: Stripe, server: Scripted
) -> None:
    buyer = {
        "billing_details": {"email": "Budi@Example.com", "name": "Budi Santoso", "phone": "0812"},
        "receipt_email": "budi@example.com",
        "description": "Order of Budi Santoso",
        "payment_method_details": {
            "type": "card",
            "card": {"brand": "visa", "country": "ID", "last4": "4242"},
        },
        "metadata": {
            "order_id": "727",
            "site_url": "https://toko.example",
            "customer_name": "Budi Santoso",
            "customer_email": "budi@example.com",
            "gift": "yes",
        },
    }
    serve(server, charges=[charge(1, **buyer)])
    (row,) = rows(read(source))
    assert (row["order_id"], row["site_url"]) == ("727", "https://toko.example")
    assert json.loads(row["metadata"])["gift"] == "yes"
    assert (row["card_brand"], row["card_country"]) == ("visa", "ID")
    assert len(row["email_sha256_meta"]) == 64
    assert not [word for word in ("Budi", "budi", "Santoso", "4242") if word in str(row)]
    assert row["_extra"] is None


def test_a_booking_has_its_fee_and_the_currency_in_which_it_settles(
    source: Stripe, server: Scripted
) -> None:
    booking = {
        "id": "txn_1",
        "object": "balance_transaction",
        "amount": 341,
        "fee": 47,
        "net": 294,
        "currency": "usd",
        "created": epoch(2026, 5, 8, 10),
        "available_on": epoch(2026, 5, 12),
        "exchange_rate": 0.0000630305,
        "type": "charge",
        "source": {"id": "ch_1"},
        "fee_details": [{"type": "stripe_fee", "amount": 47, "currency": "usd"}],
    }
    serve(server, balance_transactions=[booking])
    (row,) = rows(read(source, "balance_transactions"))
    assert [row[name] for name in ("amount", "fee", "net")] == [
        Decimal("3.41"),
        Decimal("0.47"),
        Decimal("2.94"),
    ]
    assert (row["source"], row["available_at"].day) == ("ch_1", 12)
    assert row["fee_details"][0]["amount"] == Decimal("0.47")
    assert "/v1/events" not in {asked.path for asked in server.asked}


def test_the_documented_charge_and_refund_become_rows(source: Stripe, server: Scripted) -> None:
    day = Window(date(2009, 2, 13), date(2009, 2, 13), "UTC")
    serve(
        server,
        charges=[recorded("stripe/openapi_fixture__charge.json")],
        refunds=[recorded("stripe/openapi_fixture__refund.json")],
    )
    (paid,) = rows(read(source, window=day))
    assert paid["id"] == "ch_1PgafuB7WZ01zgkWXYmPNZs8"
    assert (paid["amount"], paid["amount_captured"], paid["currency"]) == (1, 0, "USD")
    assert paid["created_at"] == datetime.fromisoformat("2009-02-13T23:31:30")
    assert paid["balance_transaction"] == "txn_1PgaxNB7WZ01zgkWEV3TLf40"
    assert (paid["livemode"], paid["captured"], paid["order_id"]) == (False, False, None)
    assert (paid["card_country"], paid["payment_method_type"]) == ("US", "card")
    assert "Jenny" not in str(paid)
    assert paid["_extra"] is None
    (returned,) = rows(read(source, "refunds", day))
    assert (returned["id"], returned["charge"]) == ("re_1Pgc72B7WZ01zgkWqPvrRrPE", paid["id"])
    assert (returned["amount"], returned["balance_transaction"]) == (1, None)
    assert returned["_extra"] is None


def test_an_event_is_read_as_documented(source: Stripe, server: Scripted) -> None:
    documented = recorded("stripe/openapi_fixture__event.json")
    documented["created"] = epoch(2026, 5, 8, 12)
    documented["type"] = "charge.updated"
    documented["data"]["object"] = recorded("stripe/openapi_fixture__charge.json")
    serve(server, events=[documented])
    (row,) = rows(read(source))
    assert (row["id"], row["seen_at"].day) == ("ch_1PgafuB7WZ01zgkWXYmPNZs8", 8)


# --- refusals -------------------------------------------------------------------------------------


def error(status: int, code: str = "", message: str = "No.", **more: str) -> Reply:
    return Reply(
        {"error": {"type": "invalid_request_error", "message": message, "code": code, **more}},
        status,
    )


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (error(401), DeadToken, "STRIPE_API_KEY"),
        (error(401, "api_key_expired"), DeadToken, "the key has expired"),
        (error(403, "more_permissions_required"), Permanent, "read charges and refunds"),
        (error(403, "account_invalid"), Permanent, "restricted key"),
        (error(400, "account_invalid"), Permanent, "STRIPE_ACCOUNTS"),
        (error(400, "parameter_unknown"), Permanent, "request itself is wrong"),
        (error(400, message="Invalid Stripe API version: x"), Permanent, "STRIPE_API_VERSION"),
        (error(429, "lock_timeout"), Transient, "the object is locked"),
        (error(400, "resource_missing", param="starting_after"), CursorExpired, "list is gone"),
        (Reply({"error": {"type": "api_error", "message": "Oops"}}, 500), Transient, "6 times"),
    ],
)
def test_refusals_end_as_the_table_says(
    source: Stripe, server: Scripted, reply: Reply, kind: type[Exception], says: str
) -> None:
    server.says(reply)
    with pytest.raises(kind, match=says) as caught:
        read(source)
    assert type(caught.value) is kind
    assert KEY not in str(caught.value)


def test_too_many_requests_are_waited_for(source: Stripe, server: Scripted, time: FakeTime) -> None:
    server.says(error(429, "rate_limit"), page(), page(charge(1)))
    assert len(rows(read(source))) == 1
    assert time.slept == [2]
