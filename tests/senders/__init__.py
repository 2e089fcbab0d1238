"""Real programs that send mail."""
