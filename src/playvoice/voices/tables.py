"""The tables of library files and of downloads."""

from sqlalchemy import BigInteger, Column, String, Table

from playvoice.store import Instant, metadata

MAX_NAME = 255
MAX_PATH = 4096
MAX_URL = 2048
MAX_VALIDATOR = 1024

voice_files = Table(
    "voice_files",
    metadata,
    Column("company_code", String(9), primary_key=True),
    Column("name", String(MAX_NAME), primary_key=True),
    Column("path", String(MAX_PATH), nullable=False),
    Column("added_at", Instant, nullable=False),
)
"""Which file a company's voice is; whether it is there and when it was changed is asked of the disk."""

downloads = Table(
    "downloads",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("url", String(MAX_URL), nullable=False),
    Column("stem", String(MAX_NAME), nullable=False),
    Column("octets", BigInteger, nullable=False),
    Column("etag", String(MAX_VALIDATOR)),
    Column("last_modified", String(MAX_VALIDATOR)),
    Column("checked_at", Instant, nullable=False),
)
"""What was downloaded and decoded: ``stem`` names the files on the shelf, ``octets`` is the size of both."""
