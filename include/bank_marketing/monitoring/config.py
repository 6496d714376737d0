"""What counts as recent, as drift, as decay, and how long it must last: every number with its reason."""

from __future__ import annotations

from pydantic import Field

from bank_marketing.components.context import Entity
from bank_marketing.rules.calendar import Calendar
from bank_marketing.rules.freshness import USUAL_SILENCE


class MonitoringConfig(Entity):
    """Thresholds are effect sizes: a test on thousands of rows calls any difference significant."""

    window_days: int = Field(
        default=10,
        gt=0,
        description="contact days of a window: two weeks of calls; with 20 the crisis was seen nine days later",
    )
    window_rows: int = Field(
        default=200, gt=0, description="days are added until the window has as many rows; less decides nothing"
    )
    ks_threshold: float = Field(
        default=0.2, gt=0, lt=1, description="KS distance of a number: half a standard deviation; chance gives .1 with 200 rows"
    )
    psi_threshold: float = Field(
        default=0.25,
        gt=0,
        description="PSI of a category: a major shift (Siddiqi 2006, Credit Risk Scorecards); chance gives .06",
    )
    rate_threshold: float = Field(
        default=0.3, gt=0, description="Cohen's h of a rate, between his small (.2) and medium (.5) effect (Cohen 1988)"
    )
    min_outcomes: int = Field(
        default=20, gt=0, description="subscribers, and others, without which no figure of performance decides"
    )
    max_auc_drop: float = Field(
        default=0.12, gt=0, description="ROC AUC below the evaluation's: twice its sampling error with 20 subscribers"
    )
    max_calibration_gap: float = Field(
        default=0.1, gt=0, description="mean probability less rate of subscription: half the break-even probability of a call"
    )
    min_f1_margin: float = Field(
        default=0.05,
        ge=0,
        description="F1 below calling everyone by this much, at less profit: the model does harm; twice the error with 200 rows",
    )
    calendar: Calendar = Field(default=Calendar(), description="on which days the campaign calls")
    silent_days: int = Field(
        default=USUAL_SILENCE, ge=0, description="after more working days without contacts a window says nothing of today"
    )
    violations: int = Field(default=3, gt=0, description="N: windows that must violate, the latest among them")
    of_windows: int = Field(default=5, gt=0, description="M: last contact days whose windows are looked at: a week of calls")
    cool_down_days: int = Field(
        default=28, ge=0, description="calendar days after a retraining without another: the time new outcomes need"
    )
