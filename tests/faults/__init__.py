"""What the program makes of a world that fails it."""
