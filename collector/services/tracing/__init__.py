"""Live tracing of one vehicle for a case: begun by a person, ended by its time at the latest."""
