"""Electronic boards: what each should show now, and what it shows."""
