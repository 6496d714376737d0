"""Landed days for the benchmark: the synthetic campaign, with some rows broken and some contacts twice."""

from __future__ import annotations

from pathlib import Path

from bank_marketing.campaign import open_campaign
from bank_marketing.landing.daily import render, write_atomically
from bank_marketing.landing.source import campaign_module
from bank_marketing.settings import Settings

SEED = 7

#: One row in so many has an age that is not allowed; the last row of each day stands twice.
BROKEN = 1_000

#: Above it, days are written several times over, under other identifiers: drawing rows takes longer than cleaning them.
DRAWN = 10


def land(root: Path, scale: int) -> int:
    """Land the campaign with `scale` times the real number of rows. Returns the number of rows."""
    settings = Settings(home=root, landing_root=root)
    campaign = open_campaign(settings)
    synthetic = campaign_module(campaign.folder, "synthetic")
    times = max(1, scale // DRAWN)
    rows = 0
    for day, drawn in synthetic.synthetic_days(SEED, min(scale, DRAWN)):
        for place in range(0, len(drawn), BROKEN):
            drawn[place]["age"] = "5"
        drawn.append(drawn[-1])
        text = render(drawn, campaign.contract.columns, campaign.contract)
        header, body = text.split(b"\r\n", 1)
        copies = b"".join(b"\r\n" + body.replace(b'"S', b'"' + _letters(number))[:-2] for number in range(times))
        write_atomically(root / "contacts" / f"dt={day}" / "contacts.csv", header + copies + b"\r\n")
        rows += len(drawn) * times
    (root / "SOURCE.json").write_text(f'{{"kind": "synthetic", "seed": {SEED}, "scale": {scale}}}', encoding="utf-8")
    return rows


def _letters(number: int) -> bytes:
    """The first letters of the identifiers of one copy."""
    return bytes([65 + number // 26, 65 + number % 26])
