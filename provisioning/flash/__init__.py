"""An image onto cards: chosen with care, streamed, read back, compared."""
