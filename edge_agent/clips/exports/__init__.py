"""Exports over a viewer's session: may they, how they are made, how they travel."""
