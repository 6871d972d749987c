"""A day at the centre: all services, real processes, everything seen from the outside."""
