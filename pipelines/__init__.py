"""Social, advertising, web and sales data in one warehouse in which every figure ties out.

One folder per step of the way, and data moves one way through them: `connectors` read platforms,
`lake` keeps what they returned as Parquet, `measurement` computes what SQL should not, `defs` puts
the steps under Dagster, `serving` publishes what dbt built. `sandbox` is a stand-in for the
platforms; nothing else imports it.
"""

import ctypes
import os
from contextlib import suppress

# Arrow reads this as it is loaded. Its own allocator keeps a quarter more memory, and gives back
# what is asked for again at once.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

# What glibc's limits grow to by themselves, once blocks of that size have gone back and come again:
# from the start, that is 65 to 57 CPU µs an order landed. Other C libraries have no such limits.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_MMAP_BYTES = 32 * 1024 * 1024
if "MALLOC_MMAP_THRESHOLD_" not in os.environ:
    with suppress(AttributeError, OSError):
        _libc = ctypes.CDLL(None)
        _libc.mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES)
        _libc.mallopt(_M_TRIM_THRESHOLD, 2 * _MMAP_BYTES)
