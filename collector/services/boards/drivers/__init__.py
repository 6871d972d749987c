"""One file a kind of board."""
