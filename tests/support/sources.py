"""The sources of the campaigns in the repository, for tests."""

from __future__ import annotations

from types import ModuleType

from bank_marketing.campaign import CAMPAIGNS
from bank_marketing.landing.pinned import PinnedArchive
from bank_marketing.landing.source import CampaignSource, campaign_module, load_source


def source_of(campaign: str) -> CampaignSource:
    """A campaign's source."""
    source = load_source(CAMPAIGNS / campaign)
    assert source is not None
    return source


def module_of(campaign: str, name: str) -> ModuleType:
    """A Python module of a campaign's folder."""
    return campaign_module(CAMPAIGNS / campaign, name)


#: The archive of the default campaign.
ARCHIVE: PinnedArchive = source_of("bank_marketing").archive
