"""The machine of a server that works on PostgreSQL is gone without a word to it."""

import sys

import pytest
from tests.network.namespaces import FAR, SERVER, Network
from tests.network.weather import Weather
from tests.postgresql import PostgresqlServer
from tests.waiting import wait_until

from playvoice.simulator.program import Program
from playvoice.store import Store, StoreTaken

GIVEN_UP_WITHIN = 60.0
"""Seconds on a busy machine; about 16 where that has nothing else to do, two hours by PostgreSQL's own rule."""
WORKS = """
import sys, time
from playvoice.store import Store

store = Store.open(sys.argv[1])
print('{"event": "works"}', flush=True)
while True:
    store.write_now(lambda conn: conn.exec_driver_sql("SELECT 1").scalar())
    time.sleep(0.1)
"""


@pytest.mark.usefixtures("namespaces")
@pytest.mark.peer("postgresql")
def test_the_lock_of_a_machine_that_is_gone_is_the_next_servers_in_a_short_time() -> None:
    with Network(Weather(), 1) as network:
        postgresql = PostgresqlServer(listen=FAR, within=network.within("far"))
        try:
            postgresql.start()
            beside = postgresql.create_database()
            database = beside.partition("@/")[2].partition("?")[0]
            url = f"postgresql://playvoice@{FAR}/{database}"
            with Program(network.within("server", sys.executable, "-c", WORKS, url), name="gone") as gone:
                gone.wait_for("works", 30)
                network.cut(SERVER)
                gone.kill()
                with pytest.raises(StoreTaken):
                    Store.open(beside)
                wait_until(lambda: can_be_opened(beside), "the lock is given back", GIVEN_UP_WITHIN)
        finally:
            postgresql.remove()


def can_be_opened(url: str) -> bool:
    try:
        Store.open(url).close_now()
    except StoreTaken:
        return False
    return True
