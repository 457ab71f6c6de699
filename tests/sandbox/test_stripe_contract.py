"""Stripe's own Python client, pointed at the sandbox, reads all that was paid there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow.compute as pc
import pytest
import stripe

from pipelines.sandbox.credentials import STRIPE_ACCOUNT, STRIPE_KEY
from pipelines.sandbox.serve import Sandbox


def client(sandbox: Sandbox, key: str = STRIPE_KEY) -> stripe.StripeClient:
    return stripe.StripeClient(
        key, base_addresses={"api": f"{sandbox.url}/api.stripe.com"}, max_network_retries=0
    )


@pytest.fixture
def api(sandbox: Sandbox) -> stripe.StripeClient:
    return client(sandbox)


def every(listing: Any, **params: Any) -> list[Any]:
    return list(listing.list({"limit": 50, **params}).auto_paging_iter())


def test_the_key_opens_one_account(api: stripe.StripeClient) -> None:
    account = api.v1.accounts.retrieve_current()
    assert (account.id, account.default_currency) == (STRIPE_ACCOUNT, "usd")


def test_every_payment_is_a_charge_in_minor_units(
    sandbox: Sandbox, api: stripe.StripeClient
) -> None:
    charges = every(api.v1.charges)
    world = sandbox.world.payments
    assert len(charges) == world.num_rows > 0
    assert sum(charge.amount for charge in charges) == pc.sum(world["amount"]).as_py()
    assert {charge.metadata["order_id"] for charge in charges} == set(world["order_id"].to_pylist())
    created = [charge.created for charge in charges]
    assert created == sorted(created, reverse=True)
    assert {charge.status for charge in charges} == {"succeeded", "failed"}
    assert all(charge.failure_code for charge in charges if charge.status == "failed")


def test_a_charge_can_be_looked_up(api: stripe.StripeClient) -> None:
    newest = every(api.v1.charges)[0]
    assert api.v1.charges.retrieve(newest.id).amount == newest.amount
    with pytest.raises(stripe.InvalidRequestError, match="No such"):
        api.v1.charges.retrieve("ch_absent")


def test_bookings_say_what_is_left_of_charges_and_refunds(
    sandbox: Sandbox, api: stripe.StripeClient
) -> None:
    booked = every(api.v1.balance_transactions)
    world = sandbox.world.balance
    for name in ("amount", "fee", "net"):
        assert sum(each[name] for each in booked) == pc.sum(world[name]).as_py()
    charges = {charge.id: charge for charge in every(api.v1.charges)}
    for each in booked:
        assert each.net == each.amount - each.fee
        if each.type == "charge":
            assert charges[each.source].balance_transaction == each.id
            assert each.fee_details[0].amount == each.fee


def test_refunds_that_did_not_fail_are_what_charges_lost(api: stripe.StripeClient) -> None:
    lost: dict[str, int] = {}
    refunds = every(api.v1.refunds)
    assert refunds
    for refund in refunds:
        if refund.status != "failed":
            lost[refund.charge] = lost.get(refund.charge, 0) + refund.amount
    charges = every(api.v1.charges)
    assert {each.id: each.amount_refunded for each in charges if each.amount_refunded} == lost


def test_creation_bounds_a_list(api: stripe.StripeClient) -> None:
    charges = every(api.v1.charges)
    middle = charges[len(charges) // 2].created
    newer = every(api.v1.charges, created={"gte": middle})
    older = every(api.v1.charges, created={"lt": middle})
    assert [each.id for each in newer + older] == [each.id for each in charges]


def test_events_go_back_thirty_days_and_hold_the_object_as_it_was(
    sandbox: Sandbox, api: stripe.StripeClient
) -> None:
    events = every(api.v1.events, types=["charge.succeeded", "charge.refunded"])
    oldest = sandbox.scene.now - timedelta(days=30)
    assert events
    assert min(event.created for event in events) >= oldest.timestamp()
    assert {event.type for event in events} <= {"charge.succeeded", "charge.refunded"}
    first = [event for event in events if event.type == "charge.succeeded"]
    assert all(event.data.object.amount_refunded == 0 for event in first)


def test_a_refund_moves_on_and_its_events_say_so(
    sandbox: Sandbox, api: stripe.StripeClient
) -> None:
    rows = sandbox.world.outlet_refunds.to_pylist()
    by_card = set(sandbox.world.payments["order_id"].to_pylist())
    slow = next(
        row
        for row in rows
        if row["order_id"] in by_card and row["settled_at"] - row["created_at"] > timedelta(hours=1)
    )
    final = {"succeeded": "refund.updated", "failed": "refund.failed"}[slow["status"]]

    def told() -> set[str]:
        return {
            event.type
            for event in every(api.v1.events)
            if event.type.startswith("refund.")
            and event.data.object["metadata"]["order_id"] == slow["order_id"]
        }

    sandbox.control.clock(slow["created_at"].replace(tzinfo=UTC) + timedelta(minutes=1))
    assert told() == {"refund.created"}
    sandbox.control.clock(slow["settled_at"].replace(tzinfo=UTC) + timedelta(minutes=1))
    assert told() == {"refund.created", final}


def test_refusals_are_the_clients_own_errors(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
        client(sandbox, "rk_live_wrong").v1.charges.list()
    api = client(sandbox)
    with pytest.raises(stripe.InvalidRequestError, match="limit"):
        api.v1.charges.list({"limit": 101})
    for kind, error in (
        ("too_many_requests", stripe.RateLimitError),
        ("access_denied", stripe.PermissionError),
        ("server_error", stripe.APIError),
    ):
        sandbox.control.faults({"kind": kind, "platform": "stripe"})
        with pytest.raises(error):
            api.v1.charges.list()
    sandbox.control.faults()
    assert datetime.fromtimestamp(api.v1.charges.list({"limit": 1}).data[0].created, UTC)
