"""Which cameras are there, what they send, and what should be set differently."""
