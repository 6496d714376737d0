"""From a bank's own export to a campaign: what the file holds, what that suggests, and the campaign's folder drafted from it."""
