"""What each crisis cost: what was to be expected of the days after it, and what came.

Belongs here: reading the days that SQL summed. Does not: the forecast (`pipelines.measurement`).
"""

import pyarrow as pa

from pipelines.measurement.forecast import losses


def model(dbt, session) -> pa.Table:
    """One row a crisis that exposes something sold."""
    dbt.config(materialized="table")
    return losses(dbt.ref("int_crises__sales").to_arrow_table())
