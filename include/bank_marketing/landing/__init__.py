"""Where data come from: a campaign's archive, its synthetic stand-in or an export, as the daily files of the landing zone."""
