"""The collector's database: one writer, many readers."""
