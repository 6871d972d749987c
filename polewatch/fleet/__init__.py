"""A city's devices on one machine: thousands of connections, real messages, and their books."""
