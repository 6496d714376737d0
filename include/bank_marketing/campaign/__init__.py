"""A campaign: everything that is particular to one, as data in one folder, and as one frozen object that is passed on."""

from bank_marketing.campaign.loading import CAMPAIGNS, load_campaign, open_campaign
from bank_marketing.campaign.model import Campaign

__all__ = ["CAMPAIGNS", "Campaign", "load_campaign", "open_campaign"]
