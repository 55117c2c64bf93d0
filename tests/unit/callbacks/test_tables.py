from sqlalchemy import Connection, text

from playvoice.callbacks.tables import webhook_id


def test_the_webhook_id_is_made_of_the_call_and_the_callback() -> None:
    assert webhook_id("3418035c-4af5-11ea-afb2-fbc8753285b6", 7) == "3418035c-4af5-11ea-afb2-fbc8753285b6-7"


def test_looking_for_what_is_due_uses_the_index(conn: Connection) -> None:
    def plan(sql: str) -> str:
        return " ".join(str(row) for row in conn.execute(text(f"EXPLAIN QUERY PLAN {sql}")))

    dues = "SELECT call_uuid FROM callbacks WHERE company_code='1' AND next_attempt <= 5 ORDER BY next_attempt, id"
    assert "ix_callbacks_due" in plan(dues)
    assert "TEMP B-TREE" not in plan(dues)
    old = "SELECT id FROM callbacks WHERE state='x' AND done_at < 5 ORDER BY done_at LIMIT 5"
    assert "ix_callbacks_done (state=? AND done_at<?)" in plan(old)
    assert "TEMP B-TREE" not in plan(old)
    company = "SELECT min(company_code) FROM callbacks WHERE company_code > '1' AND next_attempt IS NOT NULL"
    assert "ix_callbacks_due" in plan(company)
