"""What may be sent: allow and deny lists, rates, disk space, late commits, chaos."""
