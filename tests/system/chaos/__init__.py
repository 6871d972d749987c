"""Seeded rounds of faults against real processes; after each one the books must balance."""
