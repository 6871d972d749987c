"""Recipes that make the shipped model files from their published sources."""
