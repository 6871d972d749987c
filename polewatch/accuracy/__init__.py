"""Measuring how right the product is, and the page that says so."""
