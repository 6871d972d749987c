"""`polewatch plates …`: reading plates in pictures, and how well that works."""
