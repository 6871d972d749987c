"""CAP 1.2: one document as bytes and as dataclasses; incidents told in it, and answers to them."""
