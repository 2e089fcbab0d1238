"""Mixed load, faults and readers for as long as one likes, and a verdict: nothing that got its 250 is lost."""
