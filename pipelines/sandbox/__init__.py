"""A stand-in for the platforms: a local server that speaks their wire formats over one world.

Belongs here: Graph (pages and advertising), GA4's Data API, Shopify Admin, the ECB's rates, faults
and a clock, over the seeded world of `world`. Does not: anything of the pipeline; connectors reach
it over HTTP only, as they reach the platforms. `serve` runs it, `credentials` has its tokens.
"""
