"""The client: what it retries, how long it waits, and that it keeps tokens to itself."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors import task
from pipelines.connectors.errors import (
    DeadToken,
    Decision,
    Gone,
    Permanent,
    Rule,
    TooMuch,
    Transient,
    WaitUntil,
    decide,
)
from pipelines.connectors.errors import Signal as Refusal
from pipelines.connectors.http import (
    TRIES,
    WAITS,
    Client,
    Clock,
    Platform,
    Token,
    backoff,
    redact,
    retry_after,
)

SECRET = "a-token-of-the-test-0123456789"
GOOD = Reply({"fine": True})


@pytest.fixture
def client(time: FakeTime) -> Client:
    platform = Platform("test", remedy="Put a new token into TEST_TOKEN.")
    return Client(platform, Token.fixed(SECRET), clock=time.clock)


def test_gives_the_decoded_body_and_counts_what_it_cost(client: Client, server: Scripted) -> None:
    server.says(Reply({"a": [1, "ü"]}, zipped=True))

    assert client.get(server.url, x=1) == {"a": [1, "ü"]}
    assert server.asked[0].query == {"x": "1"}
    assert client.stats.requests == 1
    assert client.stats.bytes > 20
    assert (client.stats.retries, client.stats.waits, client.stats.waited_seconds) == (0, 0, 0)


def test_the_token_goes_into_the_header_and_not_into_the_url(
    client: Client, server: Scripted
) -> None:
    client.get(server.url + "/path", after="cursor")

    assert server.asked[0].headers["Authorization"] == f"Bearer {SECRET}"
    assert SECRET not in server.asked[0].path
    assert SECRET not in str(server.asked[0].query)


def test_proxies_and_netrc_of_the_environment_are_ignored(
    client: Client, server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server.says(GOOD)

    assert client.get(server.url) == {"fine": True}


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_burst_of_server_errors_is_waited_out(
    client: Client, server: Scripted, time: FakeTime, status: int
) -> None:
    server.says(Reply(b"<html>oops", status), Reply(b"", status), Reply(b"", status), GOOD)

    assert client.get(server.url) == {"fine": True}
    assert client.stats.retries == 3
    assert 0.5 <= time.slept[0] <= 1 <= time.slept[1] <= 2 <= time.slept[2] <= 4


def test_server_errors_without_end_are_given_up_as_transient(
    client: Client, server: Scripted
) -> None:
    server.says(Reply({}, 500))

    with pytest.raises(Transient, match=f"{TRIES} times") as caught:
        client.get(server.url)
    assert len(server.asked) == TRIES
    assert caught.value.decision is Decision.RETRY


@pytest.mark.parametrize(
    "broken",
    [
        Reply({"rows": list(range(999))}, cut=True),
        Reply({"rows": list(range(999))}, zipped_short=True),
        Reply({"rows": list(range(999))}, zipped=True, cut=True),
        Reply(b'{"rows": [1, 2'),
        Reply(b""),
        Reply(b"<html>Please log in to the Wi-Fi</html>"),
    ],
    ids=["cut", "short zip", "cut zip", "half JSON", "nothing", "HTML under 200"],
)
def test_half_an_answer_is_asked_for_again(client: Client, server: Scripted, broken: Reply) -> None:
    server.says(broken, GOOD)

    assert client.get(server.url) == {"fine": True}
    assert client.stats.retries == 1


def test_a_server_that_is_not_there_is_transient(time: FakeTime, server: Scripted) -> None:
    url = server.url
    server.close()

    with pytest.raises(Transient, match="the connection failed"):
        Client(Platform("test"), clock=time.clock).get(url)


@pytest.mark.parametrize(("said", "waited"), [("2", 2.0), ("2.0", 2.0), ("0.25", 0.25), ("0", 0.0)])
def test_retry_after_in_seconds_is_kept_exactly(
    client: Client, server: Scripted, time: FakeTime, said: str, waited: float
) -> None:
    server.says(Reply({}, 429, {"Retry-After": said}), GOOD)

    client.get(server.url)

    assert time.slept == [waited]
    assert (client.stats.waits, client.stats.retries) == (1, 0)
    assert client.stats.waited_seconds == waited


def test_retry_after_as_a_date_is_measured_by_the_servers_own_clock() -> None:
    headers = {
        "Date": "Sun, 10 May 2026 09:00:00 GMT",
        "Retry-After": "Sun, 10 May 2026 09:01:30 GMT",
    }

    assert retry_after(headers) == 90
    assert retry_after({"Retry-After": "soon"}) is None
    assert retry_after({}) is None


def test_too_many_requests_without_retry_after_waits_the_platforms_default_and_more_each_time(
    server: Scripted, time: FakeTime
) -> None:
    platform = Platform("test", (Rule(Decision.WAIT, "slow down", status=(429,), wait=7),))
    client = Client(platform, clock=time.clock)
    server.says(Reply({}, 429), Reply({}, 429), GOOD)

    client.get(server.url)

    assert time.slept[0] == 7
    assert 8 <= time.slept[1] <= 9


def test_waiting_has_an_end_and_says_when_to_go_on(
    client: Client, server: Scripted, time: FakeTime
) -> None:
    server.says(Reply({}, 429, {"Retry-After": "10"}))

    with pytest.raises(WaitUntil) as caught:
        client.get(server.url)
    assert len(time.slept) == WAITS
    assert caught.value.resumes_at == time.now + timedelta(seconds=10)


def test_a_wait_too_long_to_sleep_through_is_left_to_the_scheduler(
    client: Client, server: Scripted, time: FakeTime
) -> None:
    server.says(Reply({}, 429, {"Retry-After": "7200"}))

    with pytest.raises(WaitUntil, match="2026-05-10 11:00 UTC") as caught:
        client.get(server.url)
    assert time.slept == []
    assert isinstance(caught.value, Transient)
    assert caught.value.resumes_at == datetime(2026, 5, 10, 11, tzinfo=UTC)


def test_a_dead_token_fails_once_and_is_not_asked_with_again(
    client: Client, server: Scripted
) -> None:
    server.says(Reply({}, 401))

    for _ in range(3):
        with pytest.raises(DeadToken, match="Put a new token into TEST_TOKEN"):
            client.get(server.url)
    assert len(server.asked) == 1


class Chain:
    """A secret that has a next value each time one is refused."""

    def __init__(self) -> None:
        self.refusals = 0

    def __call__(self) -> str:
        return f"token-number-{self.refusals}"

    def refuse(self) -> None:
        self.refusals += 1


def test_a_token_that_is_revoked_before_its_end_is_renewed_and_asked_with_again(
    server: Scripted, time: FakeTime
) -> None:
    client = Client(Platform("test"), Token(Chain()), clock=time.clock)
    server.says(Reply({}, 401), GOOD)

    assert client.get(server.url) == {"fine": True}
    assert [asked.headers["Authorization"] for asked in server.asked] == [
        "Bearer token-number-0",
        "Bearer token-number-1",
    ]


def test_a_token_that_stays_refused_is_renewed_once_and_then_dead(
    server: Scripted, time: FakeTime
) -> None:
    client = Client(Platform("test"), Token(Chain()), clock=time.clock)
    server.says(Reply({}, 401))

    for _ in range(2):
        with pytest.raises(DeadToken):
            client.get(server.url)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, Permanent), (404, Gone), (413, TooMuch), (400, Permanent), (301, Permanent)],
)
def test_what_asking_again_cannot_mend_is_not_asked_again(
    client: Client, server: Scripted, status: int, error: type[Exception]
) -> None:
    server.says(Reply({}, status, {"Location": "http://elsewhere"}))

    with pytest.raises(error):
        client.get(server.url)
    assert len(server.asked) == 1


def test_usage_figures_slow_the_next_request_and_not_the_answer(
    server: Scripted, time: FakeTime
) -> None:
    platform = Platform("test", pace=lambda answer: float(answer.headers.get("X-Slow", 0)))
    client = Client(platform, clock=time.clock)
    server.says(Reply({}, headers={"X-Slow": "12.5"}), GOOD)

    client.get(server.url)
    assert time.slept == []
    client.get(server.url)
    assert time.slept == [12.5]
    assert client.stats.waits == 1


def test_a_quota_nearly_spent_for_long_stops_before_it_is_refused(
    server: Scripted, time: FakeTime
) -> None:
    client = Client(Platform("test", pace=lambda _: 1800.0), clock=time.clock)
    client.get(server.url)

    with pytest.raises(WaitUntil) as caught:
        client.get(server.url)
    assert caught.value.resumes_at == time.now + timedelta(seconds=1800)
    assert len(server.asked) == 1


def test_no_log_line_and_no_error_shows_the_token(
    client: Client, server: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = f"Error validating access token {SECRET} for access_token={SECRET}"
    server.says(
        Reply(b"", 500),
        Reply({}, 429, {"Retry-After": "1"}),
        Reply(echo.encode(), 403),
    )

    with pytest.raises(Permanent) as caught:
        client.get(server.url)

    shown = caplog.text + str(caught.value) + repr(caught.value) + repr(client)
    assert "403" in str(caught.value)
    assert SECRET not in shown


@pytest.mark.parametrize(
    "text",
    [
        "https://graph.facebook.com/v25.0/4/feed?access_token=TOP&limit=1",
        '{"access_token": "TOP", "name": "a"}',
        "Authorization: Bearer TOP",
        "Invalid token shpat_TOP",
        "client_secret=TOP",
        "assertion=TOP.TOP.TOP",
    ],
)
def test_whatever_looks_like_a_token_is_hidden(text: str) -> None:
    assert "TOP" not in redact(text)


def test_backoff_grows_and_is_bounded() -> None:
    for tries, ceiling in ((1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (99, 60)):
        assert all(ceiling / 2 <= backoff(tries) <= ceiling for _ in range(50))


def test_the_first_rule_that_fits_decides() -> None:
    rules = (
        Rule(Decision.SPLIT, "a", code=("1",), says="reduce"),
        Rule(Decision.RETRY, "b", code=("1",)),
        Rule(Decision.STOP, "c", transient=True),
    )

    assert decide(rules, Refusal(500, "1", message="Please REDUCE it")).because == "a"
    assert decide(rules, Refusal(500, "1", message="else")).because == "b"
    assert decide(rules, Refusal(400, "9", transient=True)).because == "c"
    assert decide(rules, Refusal(418)).decision is Decision.STOP


def test_an_account_that_must_wait_holds_up_no_other(server: Scripted, time: FakeTime) -> None:
    platform = Platform("test", pace=lambda answer: answer.body.get("pause", 0))
    client = Client(platform, clock=time.clock)
    server.says(Reply({"pause": 60}), Reply({}))
    with task.doing(task.Task("busy")):
        client.get(server.url)
    with task.doing(task.Task("idle")):
        client.get(server.url)
    assert time.slept == []
    with task.doing(task.Task("busy")) as busy:
        client.get(server.url)
    assert time.slept == [60]
    assert (busy.stats.requests, busy.stats.waits, busy.stats.waited_seconds) == (1, 1, 60)
    assert client.stats.requests == 3


def test_what_the_platform_counts_by_itself_waits_by_itself(
    server: Scripted, time: FakeTime
) -> None:
    platform = Platform("test", counts=lambda request: request.url)
    client = Client(platform, clock=time.clock)
    server.answer = lambda asked: Reply(
        status=429 if asked.path == "/spent" and not time.slept else 200,
        headers={"Retry-After": "30"},
    )

    def free(seconds: float) -> None:
        client.get(f"{server.url}/free")
        time.clock.sleep(seconds)

    client.clock = Clock(time.clock.now, free)
    client.get(f"{server.url}/spent")
    assert time.slept == [30]
    assert [asked.path for asked in server.asked] == ["/spent", "/free", "/spent"]


def test_a_refusal_for_pace_holds_back_everyone_who_asks_for_that_account(
    server: Scripted, time: FakeTime
) -> None:
    client = Client(Platform("test"), clock=time.clock)
    server.says(Reply(status=429, headers={"Retry-After": "20"}), Reply({}))
    asked: list[float] = []

    def also_asks(seconds: float) -> None:
        """Another thread wants the same account while this one waits."""
        if not asked:
            asked.append(seconds)
            client.get(server.url)
        time.clock.sleep(seconds)

    client.clock = Clock(time.clock.now, also_asks)
    client.get(server.url)
    assert time.slept == [20, 20]


def test_a_pause_is_not_cut_short_by_an_answer_that_asks_for_a_shorter_one(
    server: Scripted, time: FakeTime
) -> None:
    """What was asked before the long pause was told may be answered after it."""
    client = Client(Platform("test", pace=lambda told: told.body["pause"]), clock=time.clock)

    def answer(asked: Asked) -> Reply:
        if asked.path == "/first":
            client.get(f"{server.url}/meanwhile")
        return Reply({"pause": 5 if asked.path == "/first" else 60})

    server.answer = answer
    client.get(f"{server.url}/first")
    client.get(f"{server.url}/next")
    assert time.slept == [60]


def test_a_short_wait_of_ones_own_leaves_the_longer_one_of_another(
    server: Scripted, time: FakeTime
) -> None:
    client = Client(Platform("test", pace=lambda told: told.body["pause"]), clock=time.clock)
    refused = Reply(status=429, headers={"Retry-After": "5"})

    def answer(asked: Asked) -> Reply:
        if asked.path == "/meanwhile":
            return Reply({"pause": 60})
        if time.slept:
            return Reply({"pause": 0})
        client.get(f"{server.url}/meanwhile")
        return refused

    server.answer = answer
    client.get(f"{server.url}/first")
    assert time.slept == [5, 55]


def test_a_wait_ends_when_the_read_is_interrupted(server: Scripted) -> None:
    client = Client(Platform("test"))
    server.says(Reply(status=429, headers={"Retry-After": "600"}))
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    with pytest.raises(task.StoppedError), task.doing(task.Task("account", stop)):
        client.get(server.url)
    with pytest.raises(task.StoppedError), task.doing(task.Task("account", stop)):
        client.get(server.url)
    assert len(server.asked) == 1, "and nothing is asked any more"
