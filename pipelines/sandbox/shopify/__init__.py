"""Shopify Admin as the sandbox speaks it: GraphQL (2026-07) and the legacy REST lists."""

from pipelines.sandbox.shopify.api import Shopify

__all__ = ["Shopify"]
