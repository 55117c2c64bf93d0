"""Two companies out of a configuration, on a store of each kind."""

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from playvoice.companies import Companies, apply
from playvoice.config import Config
from playvoice.store import Store

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
DEMO: dict[str, Any] = {
    "code": "2028",
    "name": "Demo",
    "appid": "demo-appid",
    "accesskey": "demo-accesskey",
    "numbers": ["2120280001", "2120280002"],
}
OTHER: dict[str, Any] = {
    "code": "9017",
    "name": "Other",
    "appid": "other-appid",
    "accesskey": "other-accesskey",
    "numbers": ["2190170001"],
}

Configure = Callable[..., Companies]


@pytest.fixture
def configure(store: Store) -> Configure:
    """Apply companies as the file would give them, and read them anew."""

    def apply_and_read(*companies: dict[str, Any], at: datetime = NOW) -> Companies:
        config = Config.model_validate({"company": companies})
        store.write_now(lambda conn: apply(conn, config, at))
        return Companies(store, random=Random(1))

    return apply_and_read


@pytest.fixture
def companies(configure: Configure) -> Companies:
    return configure(DEMO, OTHER)
