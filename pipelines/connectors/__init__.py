"""The platforms: one module each, saying what its streams are and how to read them.

Belongs here: paths, parameters, wire formats, paging, error signals. Does not: Dagster, DuckDB, the
lake, the sandbox. `stream` has the vocabulary, `read` the one loop, `http` the one client, `errors`
the decisions, and `registry` lists the sources.
"""
