"""Running the sandbox: in a thread, on a port of this machine.

    with Sandbox(WorldConfig(anchor=date(2026, 11, 1), size=500), now) as sandbox:
        requests.get(sandbox.url + "/data-api.ecb.europa.eu/service/data/EXR/…")
        sandbox.control.clock(now + timedelta(days=1))

Belongs here: composition, sockets and the control plane's client. Does not: answers.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import requests
import uvicorn

from pipelines.sandbox.app import Router, Server
from pipelines.sandbox.clock import Scene
from pipelines.sandbox.credentials import WOOCOMMERCE_SITE
from pipelines.sandbox.ecb import Ecb
from pipelines.sandbox.facebook_pages import FacebookPages
from pipelines.sandbox.faults import Faults
from pipelines.sandbox.ga4 import Ga4
from pipelines.sandbox.google import GoogleTokens
from pipelines.sandbox.google_ads import GoogleAds
from pipelines.sandbox.holidays import Holidays
from pipelines.sandbox.instagram import Instagram
from pipelines.sandbox.linkedin import Linkedin
from pipelines.sandbox.linkedin_ads import LinkedinAds
from pipelines.sandbox.meta_ads import MetaAds
from pipelines.sandbox.restli import LinkedinTokens
from pipelines.sandbox.shopee import Shopee
from pipelines.sandbox.shopify import Shopify
from pipelines.sandbox.stripe import Stripe
from pipelines.sandbox.tiktok import TikTok
from pipelines.sandbox.tiktok_ads import TikTokAds
from pipelines.sandbox.tiktok_shop import TikTokShop
from pipelines.sandbox.wire import Call, Platform
from pipelines.sandbox.woocommerce import WooCommerce
from pipelines.sandbox.world import World, WorldConfig
from pipelines.sandbox.x import X
from pipelines.sandbox.x_ads import FILES as X_ADS_FILES
from pipelines.sandbox.x_ads import XAds
from pipelines.sandbox.youtube import YouTube


def build_server(scene: Scene, faults: Faults | None = None) -> Server:
    """The sandbox over a scene, with every platform under its real host's name."""
    faults = faults or Faults()
    pages, ads = FacebookPages(scene, faults), MetaAds(scene, faults)
    ga4, shopify, ecb, tokens = Ga4(scene, faults), Shopify(scene), Ecb(scene), GoogleTokens()
    holidays, site, stripe = Holidays(), WooCommerce(scene), Stripe(scene)
    shopee = Shopee(scene)
    tiktok_ads, tiktok, tiktok_shop = TikTokAds(scene, faults), TikTok(scene), TikTokShop(scene)
    google_ads, linkedin_tokens = GoogleAds(scene, faults), LinkedinTokens()
    linkedin_ads, linkedin = LinkedinAds(scene, faults), Linkedin(scene, faults)
    instagram, youtube = Instagram(scene, faults), YouTube(scene, faults)
    x, x_ads = X(scene, faults), XAds(scene, faults)

    def graph(call: Call) -> Platform:
        if instagram.knows(call):
            return instagram
        return ads if ads.knows(call) else pages

    def restli(call: Call) -> Platform:
        return linkedin_ads if linkedin_ads.knows(call) else linkedin

    hosts: dict[str, Callable[[Call], Platform]] = {
        "graph.facebook.com": graph,
        "analyticsdata.googleapis.com": lambda _: ga4,
        "oauth2.googleapis.com": lambda _: tokens,
        "data-api.ecb.europa.eu": lambda _: ecb,
        "date.nager.at": lambda _: holidays,
        "googleads.googleapis.com": lambda _: google_ads,
        "api.linkedin.com": restli,
        "www.linkedin.com": lambda _: linkedin_tokens,
        "youtube.googleapis.com": lambda _: youtube,
        "youtubeanalytics.googleapis.com": lambda _: youtube,
        "api.x.com": lambda _: x,
        "ads-api.x.com": lambda _: x_ads,
        X_ADS_FILES: lambda _: x_ads,
        "*.myshopify.com": lambda _: shopify,
        WOOCOMMERCE_SITE: lambda _: site,
        "api.stripe.com": lambda _: stripe,
        "partner.shopeemobile.com": lambda _: shopee,
        "business-api.tiktok.com": lambda _: tiktok_ads,
        "open.tiktokapis.com": lambda _: tiktok,
        "open-api.tiktokglobalshop.com": lambda _: tiktok_shop,
        "auth.tiktok-shops.com": lambda _: tiktok_shop,
    }
    return Server(scene, Router(hosts), faults)


class Control:
    """The control plane of a running sandbox, in this process or another."""

    def __init__(self, url: str, timeout: float = 60) -> None:
        self._url = f"{url}/__sandbox__"
        self._timeout = timeout

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        answer = requests.request(method, f"{self._url}/{path}", timeout=self._timeout, **options)
        if not answer.ok:
            raise ValueError(f"{method} {path}: {answer.text}")
        return answer.json()

    def now(self) -> datetime:
        """The sandbox's clock."""
        return datetime.fromisoformat(self._ask("GET", "clock")["now"])

    def clock(self, now: datetime) -> None:
        """Set the sandbox's clock."""
        self._ask("POST", "clock", json={"now": now.isoformat()})

    def faults(self, *rules: Mapping[str, Any]) -> None:
        """Put these rules (`faults.FaultRule`) in the place of all others; none clears them."""
        self._ask("POST", "faults", json=list(rules))

    def fired(self) -> list[dict[str, Any]]:
        """Each rule with how often it was seen and fired."""
        return list(self._ask("GET", "faults"))

    def held(self, name: str = "hold", wait: float = 30) -> int:
        """How many requests a hold keeps, after waiting for the first of them."""
        return int(self._ask("GET", "held", params={"name": name, "wait": wait})["held"])

    def release(self, name: str = "hold") -> None:
        """Let the held requests of that name go on."""
        self._ask("POST", "release", json={"name": name})

    def requests(self) -> dict[str, dict[str, dict[str, int]]]:
        """How many requests came, by platform, endpoint and status."""
        return dict(self._ask("GET", "requests"))

    def forget_requests(self) -> None:
        """Count requests from zero again."""
        self._ask("DELETE", "requests")


class Sandbox:
    """A sandbox in a thread of this process, on a free port of this machine unless one is given.

    Give a `scene` to serve a world that is built already; moving the clock moves that scene.
    """

    def __init__(
        self,
        config: WorldConfig | None = None,
        now: datetime | None = None,
        *,
        scene: Scene | None = None,
        port: int = 0,
    ) -> None:
        if scene is None:
            if config is None or now is None:
                raise TypeError("Sandbox needs a scene, or a config and the instant")
            scene = Scene(config, now)
        self.scene = scene
        self._socket = _listening("127.0.0.1", port)
        self._server = _uvicorn(scene)
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    @property
    def url(self) -> str:
        """The address below which every platform is found."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def control(self) -> Control:
        """The control plane."""
        return Control(self.url)

    @property
    def world(self) -> World:
        """The world as it stands at the sandbox's clock."""
        return self.scene.world

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> Self:
        self._thread.start()
        # The socket listens already: the first answer comes as soon as the server runs.
        Control(self.url).now()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()


def _listening(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(128)
    return listening


def _uvicorn(scene: Scene) -> uvicorn.Server:
    config = uvicorn.Config(
        build_server(scene).app,
        # A cut response is reported as an error, and cutting responses is what the sandbox is for.
        log_level="critical",
        access_log=False,
        # Held requests must not keep a server from stopping.
        timeout_graceful_shutdown=1,
        lifespan="on",
    )
    return uvicorn.Server(config)
