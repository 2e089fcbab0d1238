"""Mixed load, faults and readers, and a verdict: no message with a 250 is lost."""
