"""What each customer will be worth, as of each month's end, and the account of the models used.

Belongs here: reading the figures that SQL made. Does not: the models (`pipelines.measurement`).
"""

import pyarrow as pa

from pipelines.measurement import clv

ROWS = pa.schema(
    [
        ("month", pa.date32()),
        ("customers", pa.list_(pa.struct(clv.CUSTOMERS))),
        ("models", pa.list_(pa.struct(clv.MODELS))),
    ]
)


def model(dbt, session):
    """One row a month with two lists, since both come of one fit: `customers` and `models`, each a
    struct of the columns that `clv.value` gives.
    """
    # The pre-hook's result, which nobody has read.
    session.complete()
    purchases = dbt.ref("int_customers__purchases")
    months = purchases.select("month").distinct()
    if dbt.is_incremental:
        months = months.join(session.table(f"{dbt.this.identifier}__affected"), "month", "semi")
    rows = []
    for (month,) in months.order("month").fetchall():
        # In one order, so that the same customers have the same values to the last digit.
        customers = purchases.filter(f"month = date '{month}'").order("person_id")
        found = clv.value(
            customers.to_arrow_table(),
            unit="days",
            months=int(dbt.config.meta_get("months")),
            monthly_discount=float(dbt.config.meta_get("monthly_discount")),
        )
        rows.append(_row(month, found))
    # A relation, which is written in the transaction of the session; a table would be in another.
    return session.from_arrow(pa.Table.from_batches(rows, ROWS))


def _row(month, found: clv.Valuation) -> pa.RecordBatch:
    columns = [pa.array([month]), _list(found.customers), _list(found.models)]
    return pa.record_batch(columns, schema=ROWS)


def _list(table: pa.Table) -> pa.Array:
    """All rows of a table as one list."""
    rows = table.to_struct_array().combine_chunks()
    return pa.ListArray.from_arrays([0, len(rows)], rows)
