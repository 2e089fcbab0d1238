"""Programs that send mail."""
