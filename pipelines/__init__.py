"""Social, advertising, web and sales data in one warehouse in which every figure ties out.

One folder per step of the way, and data moves one way through them: `connectors` read platforms,
`lake` keeps what they returned as Parquet, `measurement` computes what SQL should not, `defs` puts
the steps under Dagster, `serving` publishes what dbt built. `sandbox` is a stand-in for the
platforms; nothing else imports it.
"""

import os

# Arrow reads this as it is loaded. Its own allocator keeps a quarter more memory, and gives back
# what is asked for again at once.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
