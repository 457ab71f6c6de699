"""Hours in which unusually many write ill of a topic, and the crises that they make.

Belongs here: reading the counts that SQL made. Does not: the rule (`pipelines.measurement`).
"""

import pyarrow as pa

from pipelines.measurement.crisis import hours


def model(dbt, session) -> pa.Table:
    """One row a topic and hour with negative mentions."""
    dbt.config(materialized="table")
    return hours(
        dbt.ref("int_content__hourly").to_arrow_table(),
        minimum=dbt.config.get("minimum_mentions"),
        bridge_hours=dbt.config.get("bridge_hours"),
    )
