"""The use cases over any store: deliver, list, read, wait, delete, retention, quotas, reserved names."""
