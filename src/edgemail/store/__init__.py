"""Where mail rests: one interface, and the stores behind it."""
