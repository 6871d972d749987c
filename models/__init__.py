"""Models are data: a manifest, the files it names, and the recipes that made them."""
