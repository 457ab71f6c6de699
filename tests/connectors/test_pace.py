"""No platform is asked again before the time that one of its answers told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors import ga4, shopify, task
from pipelines.connectors.http import Client, Platform
from pipelines.connectors.meta_graph import graph_platform
from pipelines.connectors.x_platform import x_platform

USAGE = '{"call_count": 96, "total_time": 3, "total_cputime": 3}'
COST = {
    "requestedQueryCost": 600,
    "throttleStatus": {"maximumAvailable": 2000, "currentlyAvailable": 100, "restoreRate": 50},
}
QUOTA = {"propertyQuota": {"concurrentRequests": {"consumed": 1, "remaining": 1}}}


def used() -> dict[str, str]:
    """Meta's share of the quota, just before it refuses."""
    return {"x-app-usage": USAGE}


def spent() -> dict[str, str]:
    """X's window, over in 30 s by the clock of the server, which is today's."""
    resets = datetime.now(UTC) + timedelta(seconds=30)
    return {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(resets.timestamp()))}


@pytest.mark.parametrize(
    ("platform", "body", "headers", "pause"),
    [
        (graph_platform("meta_ads", "META_ADS_ACCESS_TOKEN"), {}, used, 60),
        (ga4.PLATFORM, QUOTA, dict, 5),
        (shopify.PLATFORM, {"data": {}, "extensions": {"cost": COST}}, dict, 10),
        (x_platform("x", ""), {"data": []}, spent, 25),
    ],
    ids=["Meta's usage header", "GA4's property quota", "Shopify's bucket", "X's rate limit"],
)
def test_what_an_answer_tells_of_the_pace_is_kept_by_everyone_who_asks_next(
    server: Scripted,
    time: FakeTime,
    platform: Platform,
    body: Any,
    headers: Callable[[], dict[str, str]],
    pause: float,
) -> None:
    came: list[datetime] = []

    def answer(_: Asked) -> Reply:
        came.append(time.now)
        return Reply(body, headers=headers()) if len(came) == 1 else Reply({"data": {}})

    server.answer = answer
    client = Client(platform, clock=time.clock)

    def ask(_: int) -> None:
        with task.doing(task.Task("account")):
            client.get(f"{server.url}/users/1/tweets")

    ask(0)
    with ThreadPoolExecutor(3) as readers:
        list(readers.map(ask, range(3)))
    first, *later = came
    assert len(later) == 3
    assert min(later) - first >= timedelta(seconds=pause)
