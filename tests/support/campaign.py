"""The campaign that comes with the platform, as it is in the repository."""

from __future__ import annotations

from bank_marketing.campaign import load_campaign

CAMPAIGN = load_campaign("bank_marketing")
CONTRACT = CAMPAIGN.contract
FEATURES = CAMPAIGN.features
