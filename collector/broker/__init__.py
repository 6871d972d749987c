"""Brokers that serve this city: configuration with everybody's rights, and the embedded one."""
