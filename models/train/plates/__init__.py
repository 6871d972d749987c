"""The recipe of the plate reader and locator."""
