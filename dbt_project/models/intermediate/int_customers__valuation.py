"""What each customer will be worth, and the account of the models that say so.

Belongs here: reading the figures that SQL made. Does not: the models (`pipelines.measurement`).
"""

import pyarrow as pa

from pipelines.measurement import clv


def model(dbt, session) -> pa.Table:
    """One row with two lists, since both come of one fit: `customers` and `models`, each a struct
    of the columns that `clv.value` gives.
    """
    dbt.config(materialized="table")
    # In one order, so that the same customers have the same values to the last digit.
    customers = dbt.ref("int_customers__purchases").to_arrow_table().sort_by("person_id")
    found = clv.value(
        customers,
        unit="days",
        months=int(dbt.config.meta_get("months")),
        monthly_discount=float(dbt.config.meta_get("monthly_discount")),
    )
    return pa.table({"customers": _row(found.customers), "models": _row(found.models)})


def _row(table: pa.Table) -> pa.Array:
    """All rows of a table as one list."""
    rows = table.to_struct_array().combine_chunks()
    return pa.ListArray.from_arrays([0, len(rows)], rows)
