"""What the DAGs make for each other and for whoever listens, from the landed files to the decision to train again."""

from __future__ import annotations

from airflow.sdk import Asset

#: Landed by the call centre's system, outside Airflow: read, never written here.
LANDED = Asset("bank-marketing-landed-contacts", uri="bank-marketing://landed-contacts")

SNAPSHOT = Asset("bank-marketing-snapshot", uri="bank-marketing://snapshot")
FEATURES = Asset("bank-marketing-features", uri="bank-marketing://features")

#: An event of it means that another version is in production than before.
PRODUCTION_MODEL = Asset("bank-marketing-production-model", uri="bank-marketing://model/production")

CALL_LIST = Asset("bank-marketing-call-list", uri="bank-marketing://call-list")
DECISION = Asset("bank-marketing-retraining-decision", uri="bank-marketing://retraining-decision")
