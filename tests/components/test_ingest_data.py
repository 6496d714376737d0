"""Ingestion reads each landed file once, loses nothing, and stops at files that are too bad."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from bank_marketing.artifacts.local import path_of
from bank_marketing.components.context import RunContext, parse_as_of
from bank_marketing.components.ingest_data import IngestionConfig, IngestionInputs, SnapshotArtifact, load, reconcile, run
from bank_marketing.errors import ContractViolation, InvalidAsOf, LandedFileMissing, ReconciliationError, StoreUnavailable
from bank_marketing.landing.inspection import InspectedFile
from bank_marketing.settings import Settings
from tests.support.landed import contact, land_days, lines, write_contacts

pytestmark = pytest.mark.usefixtures("spark")

DAYS = [date(2010, 6, 28), date(2010, 6, 29), date(2010, 6, 30)]
MakeContext = Callable[..., RunContext]


def ingest(context: RunContext, **config: object) -> SnapshotArtifact:
    return run(IngestionConfig.model_validate(config), IngestionInputs(), context)


def clean_rows(context: RunContext, artifact: SnapshotArtifact, day: date) -> pd.DataFrame:
    found = next(entry for entry in artifact.snapshot.days if entry.contact_date == day)
    return pd.read_parquet(path_of(context.store.uri(found.path, "part-0.parquet")))


def test_rows_are_accounted_for(make_context: MakeContext, settings: Settings) -> None:
    bad = [contact(1, DAYS[0], age=5), *(contact(n, DAYS[0]) for n in range(2, 31)), contact(30, DAYS[0])]
    write_contacts(settings.landing, DAYS[0], lines(bad))
    context = make_context(DAYS[0])
    artifact = ingest(context)
    assert artifact.snapshot.rows == {"rows_read": 31, "clean": 29, "rejected": 1, "duplicates": 1, "superseded": 0}
    assert len(clean_rows(context, artifact, DAYS[0])) == 29
    assert load(artifact.ref, context).snapshot == artifact.snapshot


@pytest.mark.parametrize("clean", [28, 30])
def test_a_row_too_few_or_too_many_stops_the_run(tmp_path: Path, clean: int) -> None:
    inspected = InspectedFile(path=tmp_path / "contacts.csv", date=DAYS[0], sha256="0" * 64, size=1, rows=32)
    day = {"clean": clean, "rejected": 1, "duplicate": 1, "superseded": 1}
    reconcile(inspected, day | {"clean": 29})
    with pytest.raises(ReconciliationError, match=f"32 rows read, but {clean} clean .* = {clean + 3}"):
        reconcile(inspected, day)


def test_rejected_rows_lie_beside_the_clean_ones_with_their_reason(make_context: MakeContext, settings: Settings) -> None:
    write_contacts(
        settings.landing, DAYS[0], lines([contact(1, DAYS[0]), contact(2, DAYS[0], job="astronaut"), contact(3, DAYS[0])])
    )
    context = make_context(DAYS[0])
    day = ingest(context).snapshot.days[0]
    rejected = pd.read_parquet(path_of(context.store.uri(day.path, "rejected", "part-0.parquet")))
    assert rejected["source_row"].tolist() == [2]
    assert rejected["breaches"][0][0]["rule"] == "category(job)"
    assert "astronaut" in rejected["raw"][0]


def test_a_second_run_reads_nothing_again(make_context: MakeContext, settings: Settings) -> None:
    land_days(settings.landing, DAYS)
    first = ingest(make_context(DAYS[2], "first"))
    for path in settings.landing.rglob("*.csv"):  # whoever read these files again would not get far
        stat = path.stat()
        path.write_bytes(b"\0" * stat.st_size)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    second = ingest(make_context(DAYS[2], "second"))
    assert (first.new_files, second.new_files) == (3, 0)
    assert second.ref.digest == first.ref.digest


def test_a_lost_ledger_costs_time_and_nothing_else(make_context: MakeContext, settings: Settings) -> None:
    land_days(settings.landing, DAYS)
    context = make_context(DAYS[2])
    first = ingest(context)
    path_of(context.store.uri("clean/contacts", "ledger.json")).unlink()
    assert ingest(context).ref == first.ref


def test_only_days_up_to_as_of_are_seen(make_context: MakeContext, settings: Settings) -> None:
    land_days(settings.landing, DAYS)
    ingest(make_context(DAYS[2]))
    early = ingest(make_context(DAYS[0]))
    assert [day.contact_date for day in early.snapshot.days] == DAYS[:1]


def test_a_corrected_file_makes_a_new_directory_and_the_old_one_stays(make_context: MakeContext, settings: Settings) -> None:
    land_days(settings.landing, DAYS)
    context = make_context(DAYS[2])
    before = ingest(context).snapshot.days[0]
    write_contacts(settings.landing, DAYS[0], lines(contact(n, DAYS[0], age=99) for n in range(1, 13)))
    after = ingest(context)
    assert after.new_files == 1
    assert after.snapshot.days[0].path != before.path
    assert context.store.has_manifest(context.store.uri(before.path))
    assert set(clean_rows(context, after, DAYS[0])["age"]) == {99}


def test_a_contact_that_lands_on_two_days_is_the_later_days(make_context: MakeContext, settings: Settings) -> None:
    write_contacts(settings.landing, DAYS[0], lines(contact(n, DAYS[0]) for n in (1, 2, 3)))
    write_contacts(settings.landing, DAYS[1], lines([contact(2, DAYS[1], age=88), contact(4, DAYS[1]), contact(3, DAYS[1])]))
    snapshot = ingest(make_context(DAYS[1])).snapshot
    assert [(entry.contact_id, entry.kept, entry.dropped, entry.identical) for entry in snapshot.superseded] == [
        ("T00002", DAYS[1], DAYS[0], False),
        ("T00003", DAYS[1], DAYS[0], True),
    ]
    assert snapshot.rows["superseded"] == 2
    assert not ingest(make_context(DAYS[0])).snapshot.superseded  # the day before, nobody knew


def test_a_contact_that_lands_again_nights_later_is_found_as_if_all_had_landed_at_once(
    make_context: MakeContext, settings: Settings
) -> None:
    days = [date(2010, 6, 29), date(2010, 6, 30), date(2010, 7, 1), date(2010, 7, 2), date(2010, 8, 2)]
    contacts = [(1, 2), (3, 4), (5, 6), (7, 1), (8, 1, 6)]
    dropped = []
    for day, numbers in zip(days, contacts, strict=True):
        write_contacts(settings.landing, day, lines(contact(n, day) for n in numbers))
        made = ingest(make_context(day)).snapshot
        dropped.append([(entry.contact_id, entry.kept, entry.dropped) for entry in made.superseded])
    again = [("T00001", days[4], days[0]), ("T00001", days[4], days[3]), ("T00006", days[4], days[2])]
    assert dropped == [[], [], [], [("T00001", days[3], days[0])], again]
    shutil.rmtree(path_of(make_context(days[-1]).store.uri("clean")))
    at_once = ingest(make_context(days[-1])).snapshot
    assert at_once == made


def test_a_night_does_not_open_what_landed_months_ago(make_context: MakeContext, settings: Settings) -> None:
    days = [date(2010, 5, 31), date(2010, 6, 30), date(2010, 7, 1), date(2010, 7, 2)]
    land_days(settings.landing, days)
    ingest(make_context(days[1]))
    context = make_context(days[2])
    [old] = ingest(context).snapshot.days[0].files
    context.store.write_bytes(context.store.uri(old), b"no Parquet")
    snapshot = ingest(make_context(days[3])).snapshot
    assert (len(snapshot.days), snapshot.superseded) == (4, ())


def test_a_clean_day_that_somebody_removed_is_made_again(make_context: MakeContext, settings: Settings) -> None:
    land_days(settings.landing, DAYS)
    context = make_context(DAYS[2])
    first = ingest(context)
    context.store.remove(context.store.uri(first.snapshot.days[1].path))
    again = ingest(make_context(DAYS[2], "again"))
    assert (again.new_files, again.ref.digest) == (1, first.ref.digest)
    assert context.store.has_manifest(context.store.uri(first.snapshot.days[1].path))


def test_ten_percent_garbage_stops_the_run_and_names_the_rows(make_context: MakeContext, settings: Settings) -> None:
    land_days(settings.landing, DAYS[:2], rows_a_day=20)
    rows = [contact(n, DAYS[2], **({"age": -1} if n % 10 == 0 else {})) for n in range(1, 41)]
    write_contacts(settings.landing, DAYS[2], lines(rows))
    context = make_context(DAYS[2])
    with pytest.raises(ContractViolation) as caught:
        ingest(context)
    assert caught.value.location == str(settings.landing / "contacts" / "dt=2010-06-30" / "contacts.csv")
    assert "4 of 40 rows break the contract, more than 5%: 4 x range(age) (rows 10, 20, 30, 40: age '-1'" in str(caught.value)
    assert not context.store.has_manifest(context.component_uri("ingest_data"))
    # The good files of the run were kept: the corrected one is all that is read next time.
    write_contacts(settings.landing, DAYS[2], lines(contact(n, DAYS[2]) for n in range(1, 41)))
    assert ingest(context).new_files == 1


def test_one_bad_row_in_a_short_day_does_not_stop_the_run(make_context: MakeContext, settings: Settings) -> None:
    write_contacts(settings.landing, DAYS[0], lines([contact(1, DAYS[0], age=-1), *(contact(n, DAYS[0]) for n in range(2, 9))]))
    assert ingest(make_context(DAYS[0])).snapshot.rows["rejected"] == 1


def test_a_file_that_cannot_be_read_stops_the_run(make_context: MakeContext, settings: Settings) -> None:
    land_days(settings.landing, DAYS[:2])
    write_contacts(settings.landing, DAYS[2], "\n".join(lines([contact(1, DAYS[2])])).encode("utf-16"))
    with pytest.raises(ContractViolation, match=r"contacts\.csv of 2010-06-30 cannot be ingested: it is UTF-16"):
        ingest(make_context(DAYS[2]))


def test_a_missing_file_is_named(make_context: MakeContext, settings: Settings) -> None:
    land_days(settings.landing, DAYS)
    (settings.landing / "contacts" / "dt=2010-06-29" / "contacts.csv").unlink()
    with pytest.raises(LandedFileMissing, match="2010-06-29"):
        ingest(make_context(DAYS[2]))


def test_a_half_row_at_the_end_of_a_file_is_quarantined(make_context: MakeContext, settings: Settings) -> None:
    text = "\r\n".join(lines(contact(n, DAYS[0]) for n in range(1, 13)))
    write_contacts(settings.landing, DAYS[0], text[:-30].encode())
    rows = ingest(make_context(DAYS[0])).snapshot.rows
    assert (rows["clean"], rows["rejected"]) == (11, 1)


def test_as_of_before_the_first_day_says_when_that_is(make_context: MakeContext, settings: Settings) -> None:
    land_days(settings.landing, DAYS)
    with pytest.raises(InvalidAsOf, match=r"nothing has landed by that day; the first landed day .* is 2010-06-28"):
        ingest(make_context(date(2008, 1, 1)))


@pytest.mark.parametrize("text", ["yesterday", "2010-13-01", "30.06.2010", ""])
def test_as_of_that_is_no_date(text: str) -> None:
    with pytest.raises(InvalidAsOf, match="is not a date"):
        parse_as_of(text)


def test_as_of_in_the_future() -> None:
    with pytest.raises(InvalidAsOf, match="in the future"):
        parse_as_of("2999-01-01")


@pytest.fixture
def unwritable(tmp_path: Path) -> Path:
    """A root below a file: not even root can write there."""
    path = tmp_path / "file"
    path.write_text("in the way")
    return path / "artifacts"


def test_an_artifact_root_that_cannot_be_written_is_said(
    make_context: MakeContext, settings: Settings, unwritable: Path
) -> None:
    land_days(settings.landing, DAYS[:1])
    blocked = Settings(home=settings.home, artifact_root=str(unwritable), landing_settle_seconds=0)
    with pytest.raises(StoreUnavailable, match="BANK_ARTIFACT_ROOT says where artifacts go"):
        ingest(RunContext("dag", "run", DAYS[0], blocked))


def test_the_whole_campaign_is_clean(make_context: MakeContext, campaign: Path, spark: SparkSession) -> None:
    snapshot = ingest(make_context(date(2010, 11, 30), landing_root=campaign)).snapshot
    assert snapshot.rows == {"rows_read": 41_188, "clean": 41_188, "rejected": 0, "duplicates": 0, "superseded": 0}
    assert len(snapshot.days) == 490
