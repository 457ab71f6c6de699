"""The statistics that SQL should not do: an inverse, a search, a sample.

Belongs here: functions from small Arrow tables to small Arrow tables, exact or with their error
told. Does not: what SQL does as well (counting, joining, sharing money out), HTTP, Dagster, files.
"""

from hashlib import sha256
from importlib.resources import files


def version() -> str:
    """A hash of this package's files: another one when what it computes may be another."""
    found = (file for file in files(__name__).iterdir() if file.is_file())
    content = {file.name: file.read_bytes() for file in found}
    return sha256(b"\0".join(content[name] for name in sorted(content))).hexdigest()
