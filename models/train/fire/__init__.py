"""The recipe of the fire and smoke network."""
