"""The local store: one file in the format of SQLite."""
