"""Published lists by their days."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bank_marketing.artifacts import LocalStore
from bank_marketing.serving.call_lists import newest, published


def test_lists_come_newest_first_and_each_is_looked_for_in_its_turn(tmp_path: Path) -> None:
    store = LocalStore(tmp_path.as_uri())
    assert newest(store) is None
    for name in (
        "contact_date=2010-06-29",
        "contact_date=2010-06-30",
        "contact_date=2010-07-01",
        "uploads/contact_date=2010-07-09",
    ):
        store.write_bytes(store.uri("call_lists", name, "manifest.json"), b"{}")
    store.write_bytes(store.uri("call_lists/contact_date=2010-07-02/scores/part-0.parquet"), b"half a list")
    days = [date(2010, 7, 1), date(2010, 6, 30), date(2010, 6, 29)]
    assert [day for day, _ in published(store)] == days
    assert next(published(store, until=days[1])) == (days[1], store.uri("call_lists/contact_date=2010-06-30"))
    assert list(published(store, until=date(2010, 6, 28))) == []
