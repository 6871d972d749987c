"""The box's own checks: each bounded in time, with a stable code and a remedy."""
