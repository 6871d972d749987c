"""The contract that pole, centre and agencies speak; imports none of its users."""

__version__ = "0.1.0"
