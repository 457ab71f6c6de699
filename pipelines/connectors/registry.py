"""Which sources there are, and how settings turn them on.

Belongs here: one entry a source. Does not: anything that a source does. A new source is added to
`STREAMS` and `SOURCES`, and its settings to `Settings`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date

from pydantic import SecretStr
from typing_extensions import override

from pipelines.connectors import (
    ecb,
    facebook_pages,
    ga4,
    google_ads,
    holidays,
    instagram,
    linkedin,
    linkedin_ads,
    meta_ads,
    shopee,
    shopify,
    stripe,
    tiktok,
    tiktok_ads,
    tiktok_shop,
    woocommerce,
    x,
    x_ads,
    youtube,
)
from pipelines.connectors.errors import Permanent, SourceError
from pipelines.connectors.files import kinds
from pipelines.connectors.files.source import FilesSource
from pipelines.connectors.google import App
from pipelines.connectors.health import Finding
from pipelines.connectors.http import Clock
from pipelines.connectors.oauth import TokenFile
from pipelines.connectors.oauth1 import Keys
from pipelines.connectors.stream import Account, Batch, Source, Stats, Stream, Window
from pipelines.connectors.versions import judge
from pipelines.settings import Settings

log = logging.getLogger(__name__)

STREAMS: dict[str, tuple[Stream, ...]] = {
    "facebook_pages": facebook_pages.STREAMS,
    "meta_ads": meta_ads.STREAMS,
    "ga4": ga4.STREAMS,
    "shopify": shopify.STREAMS,
    "woocommerce": woocommerce.STREAMS,
    "stripe": stripe.STREAMS,
    "shopee": shopee.STREAMS,
    "tiktok_ads": tiktok_ads.STREAMS,
    "tiktok": tiktok.STREAMS,
    "tiktok_shop": tiktok_shop.STREAMS,
    "x": x.STREAMS,
    "x_ads": x_ads.STREAMS,
    "ecb": ecb.STREAMS,
    "holidays": holidays.STREAMS,
    "google_ads": google_ads.STREAMS,
    "linkedin_ads": linkedin_ads.STREAMS,
    "linkedin": linkedin.STREAMS,
    "youtube": youtube.STREAMS,
    "instagram": instagram.STREAMS,
    "files": kinds.STREAMS,
}


def all_streams() -> tuple[Stream, ...]:
    """Every stream of every source, whether it is on or not."""
    return tuple(stream for streams in STREAMS.values() for stream in streams)


def build_sources(settings: Settings, *, clock: Clock | None = None) -> dict[str, Source]:
    """The sources that are on, by name. Those that are off say so in the log, with the reason.

    A source that cannot be made of its settings is there too, and raises the reason when it is
    read, so that it stops nothing but itself. `clock` is what their HTTP clients wait by.
    """
    clock = clock or Clock()
    for name, reason in settings.off.items():
        log.info("%s is off: %s", name, reason)
    return {name: _built(name, settings, clock) for name in SOURCES if name not in settings.off}


def version_of(source: Source, today: date) -> Finding | None:
    """How long the API version that a source is configured for is served; None if it has none."""
    version = getattr(source, "api_version", "")
    if not version:
        return None
    field = Settings.model_fields.get(f"{source.name}_api_version")
    return judge(source.name, version, today, setting=(field.alias or "") if field else "")


class Unusable(Source):
    """A source whose settings are wrong: whatever it is asked, it raises what is wrong."""

    def __init__(self, name: str, error: SourceError) -> None:
        self.name = name
        self.streams = STREAMS[name]
        self.stats = Stats()
        self._error = error
        self._error.source = name

    @override
    def accounts(self) -> list[Account]:
        """Raises the reason."""
        raise self._error

    @override
    def read(self, stream: Stream, account: Account, window: Window) -> Iterator[Batch]:
        """Raises the reason."""
        raise self._error


def _built(name: str, settings: Settings, clock: Clock) -> Source:
    try:
        return SOURCES[name](settings, clock)
    except SourceError as error:
        return Unusable(name, error)


def _facebook_pages(settings: Settings, clock: Clock) -> Source:
    return facebook_pages.facebook_pages(
        _secret(settings.facebook_pages_access_token),
        settings.facebook_pages_ids,
        base_url=settings.facebook_pages_base_url,
        version=settings.facebook_pages_api_version,
        clock=clock,
    )


def _meta_ads(settings: Settings, clock: Clock) -> Source:
    return meta_ads.meta_ads(
        _secret(settings.meta_ads_access_token),
        settings.meta_ads_accounts,
        base_url=settings.meta_ads_base_url,
        version=settings.meta_ads_api_version,
        clock=clock,
    )


def _ga4(settings: Settings, clock: Clock) -> Source:
    return ga4.ga4(
        settings.ga4_properties,
        base_url=settings.ga4_base_url,
        access_token=_secret(settings.ga4_access_token),
        credentials=settings.ga4_credentials,
        clock=clock,
    )


def _shopify(settings: Settings, clock: Clock) -> Source:
    with _written_as("Write SHOPIFY_ACCESS_TOKEN as shop:token,…"):
        tokens = _secrets(settings.shopify_tokens)
    return shopify.Shopify(
        tokens,
        base_url=settings.shopify_base_url,
        version=settings.shopify_api_version,
        clock=clock,
    )


def _woocommerce(settings: Settings, clock: Clock) -> Source:
    with _written_as("Write WOOCOMMERCE_KEYS as ck_…:cs_…, or site=ck_…:cs_…,…"):
        keys = {
            site: woocommerce.pair(text)
            for site, text in _secrets(settings.woocommerce_pairs).items()
        }
    return woocommerce.WooCommerce(keys, base_url=settings.woocommerce_base_url, clock=clock)


def _shopee(settings: Settings, clock: Clock) -> Source:
    with _written_as("Write SHOPEE_REFRESH_TOKEN as shop:token,…"):
        tokens = _secrets(settings.shopee_tokens)
    return shopee.shopee(
        settings.shopee_partner_id,
        _secret(settings.shopee_partner_key),
        tokens,
        base_url=settings.shopee_base_url,
        stores=_stores(settings, "shopee", tokens),
        clock=clock,
    )


def _stripe(settings: Settings, clock: Clock) -> Source:
    with _written_as("Write STRIPE_API_KEY as acct_…:key,…"):
        keys = _secrets(settings.stripe_keys)
    return stripe.Stripe(
        keys,
        base_url=settings.stripe_base_url,
        version=settings.stripe_api_version,
        clock=clock,
    )


def _tiktok_ads(settings: Settings, clock: Clock) -> Source:
    return tiktok_ads.tiktok_ads(
        _secret(settings.tiktok_ads_access_token),
        settings.tiktok_ads_advertisers,
        base_url=settings.tiktok_ads_base_url,
        version=settings.tiktok_ads_api_version,
        clock=clock,
    )


def _tiktok(settings: Settings, clock: Clock) -> Source:
    with _written_as("Write TIKTOK_REFRESH_TOKEN as account:token,…"):
        tokens = _secrets(settings.tiktok_tokens)
    return tiktok.tiktok(
        settings.tiktok_client_key,
        _secret(settings.tiktok_client_secret),
        tokens,
        base_url=settings.tiktok_base_url,
        version=settings.tiktok_api_version,
        stores=_stores(settings, "tiktok", tokens),
        clock=clock,
    )


def _tiktok_shop(settings: Settings, clock: Clock) -> Source:
    with _written_as("Write TIKTOK_SHOP_REFRESH_TOKEN as shop:token,…"):
        tokens = _secrets(settings.tiktok_shop_tokens)
    return tiktok_shop.tiktok_shop(
        settings.tiktok_shop_app_key,
        _secret(settings.tiktok_shop_app_secret),
        tokens,
        base_url=settings.tiktok_shop_base_url,
        auth_url=settings.tiktok_shop_auth_base_url,
        version=settings.tiktok_shop_api_version,
        stores=_stores(settings, "tiktok_shop", tokens),
        clock=clock,
    )


def _x(settings: Settings, clock: Clock) -> Source:
    app = (_secret(settings.x_api_consumer_key), _secret(settings.x_api_consumer_secret))
    with _written_as("Write X_API_USER_TOKENS as account:token:secret,…"):
        keys = {
            account: Keys(*app, *_pair(pair))
            for account, pair in _secrets(settings.x_user_tokens).items()
        }
    return x.x(
        _secret(settings.x_api_bearer_token),
        settings.x_api_accounts,
        queries=settings.x_api_queries,
        keys=keys,
        base_url=settings.x_api_base_url,
        version=settings.x_api_version,
        now=settings.now,
        clock=clock,
    )


def _x_ads(settings: Settings, clock: Clock) -> Source:
    keys = Keys(
        _secret(settings.x_ads_consumer_key),
        _secret(settings.x_ads_consumer_secret),
        _secret(settings.x_ads_access_token),
        _secret(settings.x_ads_access_token_secret),
    )
    return x_ads.x_ads(
        keys,
        settings.x_ads_accounts,
        base_url=settings.x_ads_base_url,
        version=settings.x_ads_api_version,
        clock=clock,
    )


def _ecb(settings: Settings, clock: Clock) -> Source:
    return ecb.ecb(base_url=settings.ecb_base_url, clock=clock)


def _holidays(settings: Settings, clock: Clock) -> Source:
    return holidays.holidays(
        settings.holidays_countries, base_url=settings.holidays_base_url, clock=clock
    )


def _google_ads(settings: Settings, clock: Clock) -> Source:
    return google_ads.google_ads(
        settings.google_ads_customers,
        developer_token=_secret(settings.google_ads_developer_token),
        client_id=settings.google_ads_client_id,
        client_secret=_secret(settings.google_ads_client_secret),
        refresh_token=_secret(settings.google_ads_refresh_token),
        login_customer_id=settings.google_ads_login_customer_id,
        base_url=settings.google_ads_base_url,
        oauth_base_url=settings.google_ads_oauth_base_url,
        version=settings.google_ads_api_version,
        clock=clock,
    )


def _linkedin_ads(settings: Settings, clock: Clock) -> Source:
    return linkedin_ads.linkedin_ads(
        settings.linkedin_ads_accounts,
        access_token=_secret(settings.linkedin_ads_access_token),
        client_id=settings.linkedin_ads_client_id,
        client_secret=_secret(settings.linkedin_ads_client_secret),
        refresh_token=_secret(settings.linkedin_ads_refresh_token),
        token_file=settings.tokens / "linkedin_ads.json",
        base_url=settings.linkedin_ads_base_url,
        oauth_base_url=settings.linkedin_oauth_base_url,
        version=settings.linkedin_ads_api_version,
        clock=clock,
    )


def _linkedin(settings: Settings, clock: Clock) -> Source:
    return linkedin.linkedin(
        settings.linkedin_organizations,
        access_token=_secret(settings.linkedin_access_token),
        client_id=settings.linkedin_client_id,
        client_secret=_secret(settings.linkedin_client_secret),
        refresh_token=_secret(settings.linkedin_refresh_token),
        token_file=settings.tokens / "linkedin.json",
        base_url=settings.linkedin_base_url,
        oauth_base_url=settings.linkedin_oauth_base_url,
        version=settings.linkedin_api_version,
        clock=clock,
    )


def _youtube(settings: Settings, clock: Clock) -> Source:
    try:
        refresh_tokens = settings.youtube_refresh_tokens
    except ValueError as error:
        remedy = "Write YOUTUBE_REFRESH_TOKEN as channel:token,…"
        raise Permanent(str(error), remedy=remedy) from error
    if refresh_tokens and not (settings.youtube_client_id and settings.youtube_client_secret):
        remedy = "Set YOUTUBE_CLIENT_ID and YOUTUBE_CLIENT_SECRET to those of your OAuth client."
        raise Permanent("a refresh token is of no use without its client", remedy=remedy)
    return youtube.youtube(
        settings.youtube_channels,
        base_url=settings.youtube_base_url,
        analytics_base_url=settings.youtube_analytics_base_url,
        api_key=_secret(settings.youtube_api_key),
        access_token=_secret(settings.youtube_access_token),
        refresh_tokens={
            channel: token.get_secret_value() for channel, token in refresh_tokens.items()
        },
        app=App(
            settings.youtube_client_id,
            _secret(settings.youtube_client_secret),
            settings.youtube_token_url,
        ),
        clock=clock,
    )


def _instagram(settings: Settings, clock: Clock) -> Source:
    return instagram.instagram(
        _secret(settings.instagram_access_token),
        settings.instagram_accounts,
        base_url=settings.instagram_base_url,
        version=settings.instagram_api_version,
        clock=clock,
    )


def _files(settings: Settings, _: Clock) -> Source:
    if settings.files is None:
        raise Permanent("there is no mapping", remedy="Set SMM_FILES to the mapping's path.")
    return FilesSource.load(settings.files)


@contextmanager
def _written_as(remedy: str) -> Iterator[None]:
    """Turn what is wrong with a setting's text into the error that stops its source."""
    try:
        yield
    except ValueError as error:
        raise Permanent(str(error), remedy=remedy) from error


def _pair(text: str) -> tuple[str, str]:
    """A token and its secret."""
    token, mark, secret = text.partition(":")
    if not mark:
        raise ValueError("a token has no secret beside it")
    return token, secret


def _secrets(values: Mapping[str, SecretStr]) -> dict[str, str]:
    return {account: secret.get_secret_value() for account, secret in values.items()}


def _stores(settings: Settings, source: str, accounts: Iterable[str]) -> dict[str, TokenFile]:
    """Where each account's newest tokens are kept."""
    kept = settings.home / "tokens"
    return {account: TokenFile(kept / f"{source}-{account}.json") for account in accounts}


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""


SOURCES: dict[str, Callable[[Settings, Clock], Source]] = {
    "facebook_pages": _facebook_pages,
    "meta_ads": _meta_ads,
    "ga4": _ga4,
    "shopify": _shopify,
    "woocommerce": _woocommerce,
    "stripe": _stripe,
    "shopee": _shopee,
    "tiktok_ads": _tiktok_ads,
    "tiktok": _tiktok,
    "tiktok_shop": _tiktok_shop,
    "x": _x,
    "x_ads": _x_ads,
    "ecb": _ecb,
    "holidays": _holidays,
    "google_ads": _google_ads,
    "linkedin_ads": _linkedin_ads,
    "linkedin": _linkedin,
    "youtube": _youtube,
    "instagram": _instagram,
    "files": _files,
}
