"""Every setting of the product, in one class, read from the environment and an `.env` file.

Belongs here: names, defaults, where state lives, which sources are on and why others are off.
Does not: what a source does with its settings.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    Field,
    PrivateAttr,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent

# A name that begins like one of ours and is not one of ours is a typing mistake: a token under a
# wrong name would silently turn a source off.
PREFIXES = (
    "SMM_",
    "META_ADS_",
    "FACEBOOK_PAGES_",
    "GA4_",
    "SHOPIFY_",
    "WOOCOMMERCE_",
    "STRIPE_",
    "SHOPEE_",
    "ECB_",
    "HOLIDAYS_",
    "TIKTOK_",
    "YOUTUBE_",
    "INSTAGRAM_",
    "GOOGLE_ADS_",
    "LINKEDIN_",
    "X_API_",
    "X_ADS_",
)

# ISO 4217's list one, as pycountry 26.2 has it, without metals, funds and codes for testing.
CURRENCIES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD
KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO
NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE
SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND
VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""

# By then the last account of the sandbox, in Los Angeles, has closed its yesterday.
SANDBOX_HOUR = time(9, tzinfo=UTC)

# What turns each source on: any one of these fields. A source that is not named needs nothing.
CREDENTIALS: Mapping[str, tuple[str, ...]] = {
    "meta_ads": ("meta_ads_access_token",),
    "facebook_pages": ("facebook_pages_access_token",),
    "ga4": ("ga4_credentials", "ga4_access_token"),
    "shopify": ("shopify_access_token",),
    "woocommerce": ("woocommerce_keys",),
    "stripe": ("stripe_api_key",),
    "shopee": ("shopee_refresh_token",),
    "tiktok_ads": ("tiktok_ads_access_token",),
    "tiktok": ("tiktok_refresh_token",),
    "tiktok_shop": ("tiktok_shop_refresh_token",),
    "google_ads": ("google_ads_refresh_token",),
    "linkedin_ads": ("linkedin_ads_refresh_token", "linkedin_ads_access_token"),
    "linkedin": ("linkedin_refresh_token", "linkedin_access_token"),
    "youtube": ("youtube_refresh_token", "youtube_access_token", "youtube_api_key"),
    "instagram": ("instagram_access_token",),
    "x": ("x_api_bearer_token",),
    "x_ads": ("x_ads_access_token",),
    "files": ("files",),
}


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    """The settings of one run. `Settings()` reads them; `Settings(SMM_HOME=…)` overrides one.

    With no credentials at all, every source points at the sandbox (`sandboxed` is true). With some,
    the sources without are in `off`, each with the reason. Unknown names raise and list the known.
    """

    model_config = SettingsConfigDict(
        env_file=PROJECT / ".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    home: Path = Field(default=PROJECT / "data", alias="SMM_HOME")
    start_date: date = Field(default=date(2024, 1, 1), alias="SMM_START_DATE")
    reporting_currency: str = Field(default="IDR", alias="SMM_REPORTING_CURRENCY")
    reporting_timezone: str = Field(default="Asia/Jakarta", alias="SMM_REPORTING_TIMEZONE")
    fixed_now: AwareDatetime | None = Field(default=None, alias="SMM_NOW")
    sandbox_url: str = Field(default="http://127.0.0.1:8025", alias="SMM_SANDBOX_URL")
    alert_webhook: SecretStr | None = Field(default=None, alias="SMM_ALERT_WEBHOOK")
    min_segment_size: int = Field(default=20, alias="SMM_MIN_SEGMENT_SIZE", ge=1)
    memory_limit: str = Field(
        default="750MB", alias="SMM_MEMORY_LIMIT", pattern=r"^[1-9]\d*(\.\d+)? ?[MG]i?B$"
    )
    files: Path | None = Field(default=None, alias="SMM_FILES")

    meta_ads_access_token: SecretStr | None = Field(default=None, alias="META_ADS_ACCESS_TOKEN")
    meta_ads_accounts: Names = Field(default=(), alias="META_ADS_ACCOUNTS")
    meta_ads_base_url: str = Field(default="https://graph.facebook.com", alias="META_ADS_BASE_URL")
    meta_ads_api_version: str = Field(default="v26.0", alias="META_ADS_API_VERSION")

    facebook_pages_access_token: SecretStr | None = Field(
        default=None, alias="FACEBOOK_PAGES_ACCESS_TOKEN"
    )
    facebook_pages_ids: Names = Field(default=(), alias="FACEBOOK_PAGES_IDS")
    facebook_pages_base_url: str = Field(
        default="https://graph.facebook.com", alias="FACEBOOK_PAGES_BASE_URL"
    )
    facebook_pages_api_version: str = Field(default="v26.0", alias="FACEBOOK_PAGES_API_VERSION")

    ga4_credentials: Path | None = Field(default=None, alias="GA4_CREDENTIALS")
    ga4_access_token: SecretStr | None = Field(default=None, alias="GA4_ACCESS_TOKEN")
    ga4_properties: Names = Field(default=(), alias="GA4_PROPERTIES")
    ga4_base_url: str = Field(default="https://analyticsdata.googleapis.com", alias="GA4_BASE_URL")

    shopify_shops: Names = Field(default=(), alias="SHOPIFY_SHOPS")
    shopify_access_token: SecretStr | None = Field(default=None, alias="SHOPIFY_ACCESS_TOKEN")
    shopify_base_url: str = Field(default="https://{shop}.myshopify.com", alias="SHOPIFY_BASE_URL")
    shopify_api_version: str = Field(default="2026-07", alias="SHOPIFY_API_VERSION")

    woocommerce_sites: Names = Field(default=(), alias="WOOCOMMERCE_SITES")
    woocommerce_keys: SecretStr | None = Field(default=None, alias="WOOCOMMERCE_KEYS")
    woocommerce_base_url: str = Field(default="https://{site}", alias="WOOCOMMERCE_BASE_URL")

    stripe_accounts: Names = Field(default=(), alias="STRIPE_ACCOUNTS")
    stripe_api_key: SecretStr | None = Field(default=None, alias="STRIPE_API_KEY")
    stripe_base_url: str = Field(default="https://api.stripe.com", alias="STRIPE_BASE_URL")
    stripe_api_version: str = Field(default="2026-10-28.endive", alias="STRIPE_API_VERSION")

    shopee_partner_id: str = Field(default="", alias="SHOPEE_PARTNER_ID")
    shopee_partner_key: SecretStr | None = Field(default=None, alias="SHOPEE_PARTNER_KEY")
    shopee_shops: Names = Field(default=(), alias="SHOPEE_SHOPS")
    shopee_refresh_token: SecretStr | None = Field(default=None, alias="SHOPEE_REFRESH_TOKEN")
    shopee_base_url: str = Field(
        default="https://partner.shopeemobile.com", alias="SHOPEE_BASE_URL"
    )

    tiktok_ads_access_token: SecretStr | None = Field(default=None, alias="TIKTOK_ADS_ACCESS_TOKEN")
    tiktok_ads_advertisers: Names = Field(default=(), alias="TIKTOK_ADS_ADVERTISERS")
    tiktok_ads_base_url: str = Field(
        default="https://business-api.tiktok.com", alias="TIKTOK_ADS_BASE_URL"
    )
    tiktok_ads_api_version: str = Field(default="v1.3", alias="TIKTOK_ADS_API_VERSION")

    tiktok_client_key: str = Field(default="", alias="TIKTOK_CLIENT_KEY")
    tiktok_client_secret: SecretStr | None = Field(default=None, alias="TIKTOK_CLIENT_SECRET")
    tiktok_accounts: Names = Field(default=(), alias="TIKTOK_ACCOUNTS")
    tiktok_refresh_token: SecretStr | None = Field(default=None, alias="TIKTOK_REFRESH_TOKEN")
    tiktok_base_url: str = Field(default="https://open.tiktokapis.com", alias="TIKTOK_BASE_URL")
    tiktok_api_version: str = Field(default="v2", alias="TIKTOK_API_VERSION")

    tiktok_shop_app_key: str = Field(default="", alias="TIKTOK_SHOP_APP_KEY")
    tiktok_shop_app_secret: SecretStr | None = Field(default=None, alias="TIKTOK_SHOP_APP_SECRET")
    tiktok_shop_ids: Names = Field(default=(), alias="TIKTOK_SHOP_IDS")
    tiktok_shop_refresh_token: SecretStr | None = Field(
        default=None, alias="TIKTOK_SHOP_REFRESH_TOKEN"
    )
    tiktok_shop_base_url: str = Field(
        default="https://open-api.tiktokglobalshop.com", alias="TIKTOK_SHOP_BASE_URL"
    )
    tiktok_shop_auth_base_url: str = Field(
        default="https://auth.tiktok-shops.com", alias="TIKTOK_SHOP_AUTH_BASE_URL"
    )
    tiktok_shop_api_version: str = Field(default="202309", alias="TIKTOK_SHOP_API_VERSION")

    # Not X_: other programs' variables begin so.
    x_api_bearer_token: SecretStr | None = Field(default=None, alias="X_API_BEARER_TOKEN")
    x_api_accounts: Names = Field(default=(), alias="X_API_ACCOUNTS")
    x_api_queries: Names = Field(default=(), alias="X_API_QUERIES")
    x_api_consumer_key: SecretStr | None = Field(default=None, alias="X_API_CONSUMER_KEY")
    x_api_consumer_secret: SecretStr | None = Field(default=None, alias="X_API_CONSUMER_SECRET")
    x_api_user_tokens: SecretStr | None = Field(default=None, alias="X_API_USER_TOKENS")
    x_api_base_url: str = Field(default="https://api.x.com", alias="X_API_BASE_URL")
    x_api_version: str = Field(default="2", alias="X_API_VERSION")

    x_ads_consumer_key: SecretStr | None = Field(default=None, alias="X_ADS_CONSUMER_KEY")
    x_ads_consumer_secret: SecretStr | None = Field(default=None, alias="X_ADS_CONSUMER_SECRET")
    x_ads_access_token: SecretStr | None = Field(default=None, alias="X_ADS_ACCESS_TOKEN")
    x_ads_access_token_secret: SecretStr | None = Field(
        default=None, alias="X_ADS_ACCESS_TOKEN_SECRET"
    )
    x_ads_accounts: Names = Field(default=(), alias="X_ADS_ACCOUNTS")
    x_ads_base_url: str = Field(default="https://ads-api.x.com", alias="X_ADS_BASE_URL")
    x_ads_api_version: str = Field(default="12", alias="X_ADS_API_VERSION")

    ecb_base_url: str = Field(default="https://data-api.ecb.europa.eu", alias="ECB_BASE_URL")

    holidays_countries: Names = Field(default=("ID", "US"), alias="HOLIDAYS_COUNTRIES")
    holidays_base_url: str = Field(default="https://date.nager.at", alias="HOLIDAYS_BASE_URL")

    google_ads_developer_token: SecretStr | None = Field(
        default=None, alias="GOOGLE_ADS_DEVELOPER_TOKEN"
    )
    google_ads_client_id: str = Field(default="", alias="GOOGLE_ADS_CLIENT_ID")
    google_ads_client_secret: SecretStr | None = Field(
        default=None, alias="GOOGLE_ADS_CLIENT_SECRET"
    )
    google_ads_refresh_token: SecretStr | None = Field(
        default=None, alias="GOOGLE_ADS_REFRESH_TOKEN"
    )
    google_ads_customers: Names = Field(default=(), alias="GOOGLE_ADS_CUSTOMERS")
    google_ads_login_customer_id: str = Field(default="", alias="GOOGLE_ADS_LOGIN_CUSTOMER_ID")
    google_ads_base_url: str = Field(
        default="https://googleads.googleapis.com", alias="GOOGLE_ADS_BASE_URL"
    )
    google_ads_oauth_base_url: str = Field(
        default="https://oauth2.googleapis.com", alias="GOOGLE_ADS_OAUTH_BASE_URL"
    )
    google_ads_api_version: str = Field(default="v25", alias="GOOGLE_ADS_API_VERSION")

    linkedin_ads_access_token: SecretStr | None = Field(
        default=None, alias="LINKEDIN_ADS_ACCESS_TOKEN"
    )
    linkedin_ads_client_id: str = Field(default="", alias="LINKEDIN_ADS_CLIENT_ID")
    linkedin_ads_client_secret: SecretStr | None = Field(
        default=None, alias="LINKEDIN_ADS_CLIENT_SECRET"
    )
    linkedin_ads_refresh_token: SecretStr | None = Field(
        default=None, alias="LINKEDIN_ADS_REFRESH_TOKEN"
    )
    linkedin_ads_accounts: Names = Field(default=(), alias="LINKEDIN_ADS_ACCOUNTS")
    linkedin_ads_base_url: str = Field(
        default="https://api.linkedin.com", alias="LINKEDIN_ADS_BASE_URL"
    )
    linkedin_ads_api_version: str = Field(default="202608", alias="LINKEDIN_ADS_API_VERSION")

    linkedin_access_token: SecretStr | None = Field(default=None, alias="LINKEDIN_ACCESS_TOKEN")
    linkedin_client_id: str = Field(default="", alias="LINKEDIN_CLIENT_ID")
    linkedin_client_secret: SecretStr | None = Field(default=None, alias="LINKEDIN_CLIENT_SECRET")
    linkedin_refresh_token: SecretStr | None = Field(default=None, alias="LINKEDIN_REFRESH_TOKEN")
    linkedin_organizations: Names = Field(default=(), alias="LINKEDIN_ORGANIZATIONS")
    linkedin_base_url: str = Field(default="https://api.linkedin.com", alias="LINKEDIN_BASE_URL")
    linkedin_oauth_base_url: str = Field(
        default="https://www.linkedin.com/oauth/v2", alias="LINKEDIN_OAUTH_BASE_URL"
    )
    linkedin_api_version: str = Field(default="202608", alias="LINKEDIN_API_VERSION")

    youtube_refresh_token: SecretStr | None = Field(default=None, alias="YOUTUBE_REFRESH_TOKEN")
    youtube_client_id: str = Field(default="", alias="YOUTUBE_CLIENT_ID")
    youtube_client_secret: SecretStr | None = Field(default=None, alias="YOUTUBE_CLIENT_SECRET")
    youtube_access_token: SecretStr | None = Field(default=None, alias="YOUTUBE_ACCESS_TOKEN")
    youtube_api_key: SecretStr | None = Field(default=None, alias="YOUTUBE_API_KEY")
    youtube_channels: Names = Field(default=(), alias="YOUTUBE_CHANNELS")
    youtube_base_url: str = Field(
        default="https://youtube.googleapis.com", alias="YOUTUBE_BASE_URL"
    )
    youtube_analytics_base_url: str = Field(
        default="https://youtubeanalytics.googleapis.com", alias="YOUTUBE_ANALYTICS_BASE_URL"
    )
    youtube_token_url: str = Field(
        default="https://oauth2.googleapis.com/token", alias="YOUTUBE_TOKEN_URL"
    )

    instagram_access_token: SecretStr | None = Field(default=None, alias="INSTAGRAM_ACCESS_TOKEN")
    instagram_accounts: Names = Field(default=(), alias="INSTAGRAM_ACCOUNTS")
    instagram_base_url: str = Field(
        default="https://graph.facebook.com", alias="INSTAGRAM_BASE_URL"
    )
    instagram_api_version: str = Field(default="v26.0", alias="INSTAGRAM_API_VERSION")

    _sandboxed: bool = PrivateAttr(False)

    @model_validator(mode="before")
    @classmethod
    def _no_unknown_names(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Raise for names that look like ours and are not; the message lists the known ones."""
        known = known_names()
        given = {name.upper() for name in values} | {
            name for name in os.environ if name.startswith(PREFIXES)
        }
        if unknown := sorted(given - set(known)):
            raise ValueError(f"unknown settings: {', '.join(unknown)}; known: {', '.join(known)}")
        return values

    @field_validator("reporting_timezone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{zone!r} is no IANA time zone, such as Asia/Jakarta") from error
        return zone

    @field_validator("reporting_currency")
    @classmethod
    def _iso_currency(cls, currency: str) -> str:
        if currency not in CURRENCIES.split():
            raise ValueError(
                f"{currency!r} is no currency; give its ISO 4217 code in capitals, such as IDR"
            )
        return currency

    @field_validator("home", "files", "ga4_credentials")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        """Relative paths are relative to the project, wherever the command was called."""
        return None if path is None else (PROJECT / path.expanduser()).absolute()

    @model_validator(mode="after")
    def _sandbox_without_credentials(self) -> Self:
        """Point every source at the sandbox when there is nothing else to read."""
        if self._has_input():
            return self
        self._sandboxed = True
        # Imported here, so that a run against real platforms never loads the sandbox.
        from pipelines.sandbox.credentials import sandbox_settings

        for name, value in sandbox_settings(self.sandbox_url, self.home).items():
            # The class is frozen for its users; this is the last step of making it.
            object.__setattr__(self, name, value)
        return self

    def _has_input(self) -> bool:
        return any(self._given(fields) for fields in CREDENTIALS.values())

    def _given(self, fields: Iterable[str]) -> bool:
        return any(getattr(self, field) is not None for field in fields)

    @property
    def sandboxed(self) -> bool:
        """True when no credentials were given, so that every source points at the sandbox."""
        return self._sandboxed

    @property
    def off(self) -> dict[str, str]:
        """The sources that are not read, each with the setting that would turn it on."""
        return {
            source: f"{_alternatives(fields)} is not set"
            for source, fields in CREDENTIALS.items()
            if not self._given(fields)
        }

    @property
    def shopify_tokens(self) -> dict[str, SecretStr]:
        """The access token of each shop: one for all, or `shop:token,shop:token`.

        Raises ValueError for a shop without a token.
        """
        return _each("SHOPIFY_ACCESS_TOKEN", self.shopify_access_token, self.shopify_shops)

    @property
    def woocommerce_pairs(self) -> dict[str, SecretStr]:
        """The `key:secret` of each site: one for all, or `site=key:secret,site=key:secret`.

        Raises ValueError for a site without keys.
        """
        return _each("WOOCOMMERCE_KEYS", self.woocommerce_keys, self.woocommerce_sites, "=")

    @property
    def stripe_keys(self) -> dict[str, SecretStr]:
        """The key of each account: one, or `acct_…:key,acct_…:key`.

        Raises ValueError for an account without a key.
        """
        return _each("STRIPE_API_KEY", self.stripe_api_key, self.stripe_accounts)

    @property
    def shopee_tokens(self) -> dict[str, SecretStr]:
        """The first refresh token of each Shopee shop, as `shopify_tokens`."""
        return _each("SHOPEE_REFRESH_TOKEN", self.shopee_refresh_token, self.shopee_shops)

    @property
    def tiktok_tokens(self) -> dict[str, SecretStr]:
        """The first refresh token of each TikTok account, as `shopify_tokens`."""
        return _each("TIKTOK_REFRESH_TOKEN", self.tiktok_refresh_token, self.tiktok_accounts)

    @property
    def tiktok_shop_tokens(self) -> dict[str, SecretStr]:
        """The first refresh token of each TikTok shop, as `shopify_tokens`."""
        token = self.tiktok_shop_refresh_token
        return _each("TIKTOK_SHOP_REFRESH_TOKEN", token, self.tiktok_shop_ids)

    @property
    def youtube_refresh_tokens(self) -> dict[str, SecretStr]:
        """The refresh token of each channel's owner, as `shopify_tokens`."""
        return _each("YOUTUBE_REFRESH_TOKEN", self.youtube_refresh_token, self.youtube_channels)

    @property
    def x_user_tokens(self) -> dict[str, SecretStr]:
        """The `token:secret` of those X accounts that have one, from `account:token:secret,…`."""
        if self.x_api_user_tokens is None:
            return {}
        given = self.x_api_user_tokens.get_secret_value()
        named = [part.partition(":")[0].strip() for part in given.split(",")]
        return _each("X_API_USER_TOKENS", self.x_api_user_tokens, named)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret value, for redaction. Never log this."""
        single = (value for _, value in self if isinstance(value, SecretStr))
        given = [secret.get_secret_value() for secret in single]
        for secrets in (
            self.shopify_tokens,
            self.woocommerce_pairs,
            self.stripe_keys,
            self.shopee_tokens,
            self.tiktok_tokens,
            self.tiktok_shop_tokens,
            self.youtube_refresh_tokens,
            self.x_user_tokens,
        ):
            given += [secret.get_secret_value() for secret in secrets.values()]
        return tuple(given)

    def now(self) -> datetime:
        """The clock of this run (UTC): SMM_NOW, else the sandbox's morning, else the real time."""
        if self.fixed_now is not None:
            return self.fixed_now.astimezone(UTC)
        now = datetime.now(UTC)
        return last_sandbox_morning(now) if self.sandboxed else now

    def last_closed_day(self, timezone: str) -> date:
        """The newest day that has ended in that zone."""
        return self.now().astimezone(ZoneInfo(timezone)).date() - timedelta(days=1)

    @property
    def lake(self) -> Path:
        """Where extracted Parquet is kept."""
        return self.home / "lake"

    @property
    def warehouse(self) -> Path:
        """Where dbt builds; only dbt and publishing open files of it."""
        return self.home / "warehouse"

    @property
    def tokens(self) -> Path:
        """The newest tokens of those that renew themselves, one file each."""
        return self.home / "tokens"

    @property
    def published(self) -> Path:
        """Where readers find `current/marts.duckdb`."""
        return self.home / "published"

    @property
    def dagster_home(self) -> Path:
        """The Dagster instance: runs, events, its `dagster.yaml`."""
        return self.home / "dagster"

    @property
    def sandbox(self) -> Path:
        """The sandbox's state and the files that its world exports."""
        return self.home / "sandbox"

    @property
    def dbt_environment(self) -> dict[str, str]:
        """The environment variables that the dbt project reads."""
        return {
            "SMM_LAKE": str(self.lake),
            "SMM_WAREHOUSE_DIR": str(self.warehouse),
            "SMM_REPORTING_CURRENCY": self.reporting_currency,
            "SMM_REPORTING_TIMEZONE": self.reporting_timezone,
            "SMM_MIN_SEGMENT_SIZE": str(self.min_segment_size),
            "SMM_MEMORY_LIMIT": self.memory_limit,
        }


@lru_cache(maxsize=1)
def known_names() -> tuple[str, ...]:
    """The environment names of all settings, in order of declaration."""
    return tuple(field.alias for field in Settings.model_fields.values() if field.alias is not None)


def last_sandbox_morning(now: datetime) -> datetime:
    """The latest 09:00 UTC that has passed: runs of one day see one world."""
    morning = datetime.combine(now.astimezone(UTC).date(), SANDBOX_HOUR)
    return morning if morning <= now else morning - timedelta(days=1)


def _each(
    name: str, secret: SecretStr | None, accounts: Sequence[str], mark: str = ":"
) -> dict[str, SecretStr]:
    """The secret of each account out of one for all, or of `account<mark>secret,…`."""
    if secret is None:
        return {}
    given = secret.get_secret_value()
    if mark not in given:
        return dict.fromkeys(accounts, secret)
    pairs = dict(part.strip().split(mark, 1) for part in given.split(",") if part.strip())
    if missing := [account for account in accounts if account not in pairs]:
        raise ValueError(f"{name} has no token for: {', '.join(missing)}")
    return {account: SecretStr(pairs[account]) for account in accounts}


def _alternatives(fields: Sequence[str]) -> str:
    """The environment names of these fields, the first of them leading."""
    first, *others = (str(Settings.model_fields[field].alias) for field in fields)
    return f"{first} (or {' or '.join(others)})" if others else first
