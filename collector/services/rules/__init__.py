"""Zones, lines and rules of a camera: drawn here, tried and applied on its box."""
