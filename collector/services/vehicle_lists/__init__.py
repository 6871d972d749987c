"""Lists of wanted and overdue vehicles: taken from their owners, kept, and led to the poles."""
