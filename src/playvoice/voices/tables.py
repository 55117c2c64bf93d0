"""The tables of library files, those of the operator and those that were uploaded, and of downloads."""

from sqlalchemy import BigInteger, Column, Float, Integer, String, Table

from playvoice.store import Instant, metadata

MAX_NAME = 255
MAX_PATH = 4096
MAX_URL = 2048
MAX_VALIDATOR = 1024
MAX_FORMAT = 32

voice_files = Table(
    "voice_files",
    metadata,
    Column("company_code", String(9), primary_key=True),
    Column("name", String(MAX_NAME), primary_key=True),
    Column("path", String(MAX_PATH), nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("measured", String(MAX_NAME)),
    Column("format", String(MAX_FORMAT)),
    Column("samples", Integer),
    Column("rms", Float),
    Column("peak", Float),
)
"""The files of `voice_dir`; whether one is there and when it was changed is asked of the disk. What it turned out to be
(`media.decoding.Sound`) is of the version `measured`, null before its first decoding."""

voice_uploads = Table(
    "voice_uploads",
    metadata,
    Column("company_code", String(9), primary_key=True),
    Column("name", String(MAX_NAME), primary_key=True),
    Column("file", String(32), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("octets", Integer, nullable=False),
    Column("format", String(MAX_FORMAT), nullable=False),
    Column("samples", Integer, nullable=False),
    Column("rms", Float, nullable=False),
    Column("peak", Float, nullable=False),
    Column("uploaded_at", Instant, nullable=False),
)
"""What was uploaded: `file` is what it is called in our folder, `digest` the SHA-256 of its octets."""

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
