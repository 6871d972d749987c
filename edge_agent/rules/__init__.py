"""What matters in what is seen: one file a rule, pure functions of tracks, zones and time."""
