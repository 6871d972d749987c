"""Recipes that train the networks made by this project."""
