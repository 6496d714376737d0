"""Every row of a list is scored, rejected with its line and reason, or a duplicate."""

from __future__ import annotations

import pytest

from bank_marketing.errors import ContractViolation
from tests.lists.written import clients, left_out, read, scored, text


def test_a_stray_quote_costs_its_own_line() -> None:
    lines = text(clients(200)).splitlines()
    lines[5] = lines[5].replace(";admin.;", ';"admin.;').replace(";technician;", ';"technician;')
    customers = read("\r\n".join(lines))
    assert customers.counts == {"rows_read": 200, "clean": 199, "rejected": 1, "duplicates": 0}
    ((line, status, problem),) = left_out(customers)
    assert (line, status) == (6, "rejected")
    assert problem.startswith("a quotation mark is not closed: T00005;35;")


@pytest.mark.parametrize("at", [1, 2, 4_999, 5_000, 5_001, 12_000])
def test_a_stray_quote_in_a_long_list_costs_its_own_line_wherever_it_is(at: int) -> None:
    lines = text(clients(12_000)).splitlines()
    lines[at] = lines[at].replace(";married;", ';"married;')
    customers = read("\r\n".join(lines))
    assert customers.counts["clean"] == 11_999
    assert [line for line, *_ in left_out(customers)] == [at + 1]


def test_two_stray_quotes_do_not_make_one_cell_of_the_lines_between() -> None:
    lines = text(clients(9)).splitlines()
    for at in (3, 6):
        lines[at] = lines[at].replace(";married;", ';"married;')
    assert [line for line, *_ in left_out(read("\n".join(lines)))] == [4, 7]


def test_a_cell_may_run_over_lines_and_the_lines_after_it_keep_their_numbers() -> None:
    rows = [row | {"note": 'said "yes",\r\nthen\nleft; twice'} for row in clients(3)]
    rows[2]["age"] = 7
    customers = read(text(rows))
    assert list(customers.extras["note"]) == [rows[0]["note"]] * 2
    assert left_out(customers) == [(8, "rejected", "age 7 must be at least 17 years")]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"age": 16}, "age 16 must be at least 17 years"),
        ({"age": 111}, "age 111 must be at most 110 years"),
        ({"age": "3.1E+01"}, "age '3.1E+01' is no whole number; write it in digits alone, like 38"),
        ({"age": "3_3"}, "age '3_3' is no whole number; write it in digits alone, like 38"),
        ({"age": "٣٣"}, "age '٣٣' is no whole number; write it in digits alone, like 38"),
        ({"age": "31.5"}, "age '31.5' is no whole number; write it in digits alone, like 38"),
        ({"age": "99999999999"}, "age '99999999999' is no whole number; write it in digits alone, like 38"),
        ({"age": ""}, "age is empty"),
        ({"age": " \u00a0"}, "age is empty"),
        ({"euribor3m": "0.72%"}, "euribor3m '0.72%' is no number; write it like 4991.6"),
        ({"euribor3m": "nan"}, "euribor3m 'nan' is no number; write it like 4991.6"),
        ({"euribor3m": "1e999"}, "euribor3m '1e999' is no number; write it like 4991.6"),
        ({"nr_employed": "4,991.6"}, "nr.employed '4,991.6' is no number; write it like 4991.6"),
        ({"euribor3m": 20.5}, "euribor3m 20.5 must be at most 20 %"),
        ({"job": "admin"}, "job 'admin' is not known; did you mean 'admin.'?"),
        ({"marital": "widowed"}, "marital 'widowed' is not known; allowed: divorced, married, single, unknown"),
        ({"contact_id": "=1+1"}, "contact_id '=1+1' must be up to 32 letters, digits, full stops, hyphens or underscores"),
        ({"previous": 2}, "an earlier outcome needs an earlier contact; poutcome is nonexistent exactly when previous is 0"),
    ],
)
def test_a_row_that_cannot_be_scored_says_why_and_how_to_mend_it(change: dict[str, object], says: str) -> None:
    rows = clients(3)
    rows[1] |= change
    customers = read(text(rows))
    assert customers.counts == {"rows_read": 3, "clean": 2, "rejected": 1, "duplicates": 0}
    ((line, _, problem),) = left_out(customers)
    assert line == 3
    assert problem.startswith(says)


def test_all_that_is_wrong_with_a_row_is_said_at_once() -> None:
    rows = clients(2)
    rows[1] |= {"age": 7, "job": "astronaut", "loan": ""}
    ((_, _, problem),) = left_out(read(text(rows)))
    assert [part.split()[0] for part in problem.split("; ") if not part.startswith("allowed")] == ["age", "job", "loan"]


@pytest.mark.parametrize(
    ("cells", "says"), [("1;2;3", "3 cells instead of 18: 1;2;3"), (";" * 30 + "x", "31 cells instead of 18")]
)
def test_a_row_of_another_length_is_rejected_with_its_cells(cells: str, says: str) -> None:
    lines = text(clients(2)).splitlines()
    customers = read("\n".join([lines[0], cells, *lines[1:]]))
    assert [(line, status) for line, status, _ in left_out(customers)] == [(2, "rejected")]
    assert left_out(customers)[0][2].startswith(says)


def test_a_client_is_scored_once_by_the_last_good_row() -> None:
    rows = [*clients(3), *clients(3)]
    rows[3] |= {"age": 60}  # T00001 again, corrected
    rows[4] |= {"age": "?"}  # T00002 again, spoilt: the first stands
    customers = read(text(rows))
    assert customers.counts == {"rows_read": 6, "clean": 3, "rejected": 1, "duplicates": 2}
    assert customers.own_size == 4
    assert [(row["contact_id"], row["age"]) for row in scored(customers)] == [("T00002", 32), ("T00001", 60), ("T00003", 33)]
    assert [(line, status) for line, status, _ in left_out(customers)] == [(2, "duplicate"), (4, "duplicate"), (6, "rejected")]
    assert left_out(customers)[0][2] == "T00001 stands again in line 5, which is scored"
    assert (
        customers.notes[-1] == "Each client is scored once, by the last of its rows: T00001 (lines 2, 5); T00003 (lines 4, 7)."
    )


def test_duplicates_are_found_across_the_blocks_of_a_long_list() -> None:
    rows = [*clients(25_000), *clients(1)]
    customers = read(text(rows))
    assert customers.counts == {"rows_read": 25_001, "clean": 25_000, "rejected": 0, "duplicates": 1}
    assert [(line, status) for line, status, _ in left_out(customers)] == [(2, "duplicate")]


def test_all_that_does_not_fit_is_in_one_answer() -> None:
    foreign = [row | {"education": "tertiary", "contact": "unknown", "poutcome": "other", "balance": 5} for row in clients(3)]
    with pytest.raises(ContractViolation) as caught:
        read(text(foreign))
    told = str(caught.value)
    assert "none of its 3 rows can be scored" in told
    for part in (
        "education 'tertiary'",
        "contact 'unknown'",
        "poutcome 'other'",
        "(line 2, 3 rows)",
        "of other names: balance",
    ):
        assert part in told


def test_a_decimal_comma_list_may_have_thousands_points_and_a_point_list_may_not_have_commas() -> None:
    commas = dict.fromkeys(("emp_var_rate", "cons_price_idx", "cons_conf_idx"), "80,5") | {"euribor3m": "0,72"}
    comma = text([row | commas | {"nr_employed": "4.991,6"} for row in clients(2)])
    assert {row["nr_employed"] for row in scored(read(comma))} == {4991.6}
    mixed = clients(3)
    mixed[0] |= {"nr_employed": "4,991.6"}
    assert left_out(read(text(mixed)))[0][0] == 2
