"""Rules that were drawn at the centre: kept on the box, applied, and tried on what is recorded."""
