"""Which sources there are, and how settings turn them on.

Belongs here: one entry a source. Does not: anything that a source does. A new source is added to
`STREAMS` and `SOURCES`, and its settings to `Settings`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import date

from pydantic import SecretStr
from typing_extensions import override

from pipelines.connectors import ecb, facebook_pages, ga4, holidays, meta_ads, shopify
from pipelines.connectors.errors import Permanent, SourceError
from pipelines.connectors.files import kinds
from pipelines.connectors.files.source import FilesSource
from pipelines.connectors.health import Finding
from pipelines.connectors.http import Clock
from pipelines.connectors.stream import Account, Batch, Source, Stats, Stream, Window
from pipelines.connectors.versions import judge
from pipelines.settings import Settings

log = logging.getLogger(__name__)

STREAMS: dict[str, tuple[Stream, ...]] = {
    "facebook_pages": facebook_pages.STREAMS,
    "meta_ads": meta_ads.STREAMS,
    "ga4": ga4.STREAMS,
    "shopify": shopify.STREAMS,
    "ecb": ecb.STREAMS,
    "holidays": holidays.STREAMS,
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
    try:
        tokens = settings.shopify_tokens
    except ValueError as error:
        raise Permanent(str(error), remedy="Write SHOPIFY_ACCESS_TOKEN as shop:token,…") from error
    return shopify.Shopify(
        {shop: token.get_secret_value() for shop, token in tokens.items()},
        base_url=settings.shopify_base_url,
        version=settings.shopify_api_version,
        clock=clock,
    )


def _ecb(settings: Settings, clock: Clock) -> Source:
    return ecb.ecb(base_url=settings.ecb_base_url, clock=clock)


def _holidays(settings: Settings, clock: Clock) -> Source:
    return holidays.holidays(
        settings.holidays_countries, base_url=settings.holidays_base_url, clock=clock
    )


def _files(settings: Settings, _: Clock) -> Source:
    if settings.files is None:
        raise Permanent("there is no mapping", remedy="Set SMM_FILES to the mapping's path.")
    return FilesSource.load(settings.files)


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""


SOURCES: dict[str, Callable[[Settings, Clock], Source]] = {
    "facebook_pages": _facebook_pages,
    "meta_ads": _meta_ads,
    "ga4": _ga4,
    "shopify": _shopify,
    "ecb": _ecb,
    "holidays": _holidays,
    "files": _files,
}
