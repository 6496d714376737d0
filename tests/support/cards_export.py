"""A bank's own export as a CRM writes it, made up from a seed; no row is real.

German, Windows-1252, `;`, decimal comma, dates as dd.mm.yyyy, outcome J/N, the identifier last, no column of the platform's name.

`python -m tests.support.cards_export export.csv [rows]` writes one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np

HEADER = (
    "Alter", "Beruf", "Region", "Kontostand", "Kredit", "Kanal", "Anrufe_Kampagne", "Letzter_Kontakt_Tage", "Ergebnis_zuvor",
    "Anrufdatum", "Gesprächsdauer_Sek", "Filiale", "Abschluss", "Kundennr",
)  # fmt: skip
JOBS = {"Angestellte": 0.1, "Arbeiter": -0.4, "Selbstständig": 0.0, "Rentner": 0.5, "Studentin": 0.7, "Ohne Arbeit": 0.1}
REGIONS = {"Süd": 0.2, "Nord": -0.1, "Köln": 0.0, "Übrige": -0.2}
CHANNELS = {"Mobil": 0.2, "Festnetz": -0.3}
FIRST_DAY = date(2024, 1, 8)


def write_export(path: Path, rows: int = 60_000, days: int = 300, seed: int = 5) -> None:
    """Write an export of `rows` calls on `days` contact days, Mondays to Saturdays."""
    with path.open("w", encoding="cp1252", newline="") as stream:
        stream.write(";".join(HEADER) + "\r\n")
        for line in _lines(rows, days, seed):
            stream.write(line + "\r\n")


def _lines(rows: int, days: int, seed: int) -> Iterator[str]:
    generator = np.random.default_rng(seed)
    calendar = [day for n in range(2 * days) if (day := FIRST_DAY + timedelta(days=n)).weekday() < 6][:days]
    volumes = generator.multinomial(rows - days, generator.dirichlet(np.full(days, 4.0))) + 1
    number, mood = 1_000_000, 0.0
    for index, (day, volume) in enumerate(zip(calendar, volumes, strict=True)):
        mood = 0.9 * mood + 0.15 * generator.standard_normal()
        level = -1.9 + 0.9 * np.sin(index / 45) + mood
        for _ in range(volume):
            number += 1
            yield _line(generator, day, level, number)


def _line(generator: np.random.Generator, day: date, level: float, number: int) -> str:
    def pick(effects: dict[str, float]) -> tuple[str, float]:
        name = list(effects)[generator.integers(len(effects))]
        return name, effects[name]

    job, job_effect = pick(JOBS)
    region, region_effect = pick(REGIONS)
    channel, channel_effect = pick(CHANNELS)
    age = int(np.clip(generator.normal(44, 14), 18, 92))
    balance = float(generator.lognormal(7, 1.2)) - 800
    credit = "J" if generator.random() < 0.3 else "N"
    calls = int(generator.geometric(0.5))
    known = generator.random() < 0.25
    success = known and generator.random() < 0.3
    score = level + job_effect + region_effect + channel_effect - 0.1 * (calls - 1) + 1.2 * success - 0.3 * (credit == "J")
    won = generator.random() < 1 / (1 + np.exp(-score))
    seconds = int(generator.gamma(2.4, 240) if won else generator.gamma(1.5, 120))
    euro = f"{balance:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")
    cells = (
        str(age) if generator.random() > 0.01 else "",
        job if generator.random() > 0.03 else "",
        region,
        euro,
        credit,
        channel,
        str(calls),
        str(int(generator.integers(3, 400))) if known else "",
        ("Erfolg" if success else "Absage") if known else "",
        f"{day:%d.%m.%Y}",
        str(seconds),
        "Zentrale",
        "J" if won else "N",
        str(number),
    )
    return ";".join(cells)


if __name__ == "__main__":
    write_export(Path(sys.argv[1]), *(int(argument) for argument in sys.argv[2:3]))
