"""Where data come from: the archive, its exact dates, the daily files of the landing zone, and the synthetic campaign."""
