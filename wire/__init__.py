"""The contract that pole, centre and agencies speak; imports none of its users."""
