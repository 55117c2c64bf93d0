"""A statement that is compiled once and then handed to the driver itself.

SQLAlchemy's own execution prepares for everything that a statement might be, at each execution: about 30 μs in a busy
thread, and 130 μs in one that wakes for it. The statements of each call are few and known, so what they need is found
out once; SQLAlchemy still writes their SQL for each database and converts their values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Select, Update
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

Convert = Callable[[Any], Any]
Statement = Select[Any] | Insert | Update


class Prepared:
    """A statement of Core, run many times with other parameters.

    Each column that it inserts or updates is named, with a ``bindparam`` or a constant. Lists in parameters
    (``expanding``) and defaults made in Python are refused with ValueError: they need SQLAlchemy's own execution.
    What the driver raises comes as the same DBAPIError as from there, without the parameters.
    """

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._of_dialects: dict[str, _Compiled] = {}

    def change(self, conn: Connection, parameters: Mapping[str, Any]) -> int:
        """Run the statement and return how many rows it changed."""
        return self._for(conn.dialect).execute(conn, parameters).rowcount

    def rows(self, conn: Connection, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run the statement and return the rows that it selects or returns."""
        compiled = self._for(conn.dialect)
        rows = compiled.execute(conn, parameters).fetchall()
        return [compiled.convert(row) for row in rows] if compiled.converts else rows  # type: ignore[return-value]

    def _for(self, dialect: Dialect) -> "_Compiled":
        compiled = self._of_dialects.get(dialect.name)
        if compiled is None:
            compiled = self._of_dialects[dialect.name] = _compile(self._statement, dialect)
        return compiled


@dataclass(frozen=True, slots=True)
class _Value:
    """One place for a value in the SQL text."""

    name: str
    """As the text has it."""
    key: str | None
    """Of the parameter; None for a constant."""
    constant: Any
    convert: Convert | None

    def of(self, parameters: Mapping[str, Any]) -> Any:
        if self.key is None:
            return self.constant
        value = parameters[self.key]
        return value if self.convert is None else self.convert(value)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as one kind of database takes it."""

    sql: str
    values: tuple[_Value, ...]
    positional: bool
    columns: tuple[Convert | None, ...]
    converts: bool

    def execute(self, conn: Connection, parameters: Mapping[str, Any]) -> DBAPICursor:
        driver: Any = conn.connection.driver_connection
        values: Any
        if self.positional:
            values = [value.of(parameters) for value in self.values]
        else:
            values = {value.name: value.of(parameters) for value in self.values}
        errors = conn.dialect.loaded_dbapi.Error
        try:
            cursor: DBAPICursor = driver.execute(self.sql, values)
        except errors as error:
            raise DBAPIError.instance(self.sql, None, error, errors, dialect=conn.dialect) from error
        return cursor

    def convert(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            value if convert is None else convert(value) for value, convert in zip(row, self.columns, strict=True)
        )


def _compile(statement: Statement, dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    if compiled.post_compile_params or compiled.insert_prefetch or compiled.update_prefetch:
        raise ValueError(f"a statement with lists or defaults can't be prepared: {compiled}")
    names = compiled.positiontup if compiled.positional else list(compiled.binds)
    columns = tuple(
        column.type.dialect_impl(dialect).result_processor(dialect, None) for column in statement.exported_columns
    )
    return _Compiled(
        str(compiled),
        tuple(_value(compiled, name, dialect) for name in names or ()),
        compiled.positional,
        columns,
        any(columns),
    )


def _value(compiled: SQLCompiler, name: str, dialect: Dialect) -> _Value:
    parameter = compiled.binds[name]
    convert = parameter.type.dialect_impl(dialect).bind_processor(dialect)
    if parameter.required:
        return _Value(name, parameter.key, None, convert)
    constant = parameter.effective_value
    return _Value(name, None, constant if convert is None else convert(constant), None)
