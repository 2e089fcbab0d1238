"""What is particular to the local store."""
