"""The recipe of the plate locator: composed pictures and the network."""
