"""Exports in a folder as a source: a mapping in YAML says what they are and how they are written.

`kinds` says what an export can be, `mapping` what a mapping may say, `formats` takes files apart,
`values` understands cells, `rows` makes batches of both, `source` is what the rest of the project
sees.
"""

from pipelines.connectors.files.errors import FileError, MappingError
from pipelines.connectors.files.kinds import STREAMS
from pipelines.connectors.files.source import FilesSource

__all__ = ["STREAMS", "FileError", "FilesSource", "MappingError"]
