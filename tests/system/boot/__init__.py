"""`make boot`: a blank card becomes a box that watches, in a machine of its own."""
