"""The use cases over any store: delivery, reading, retention, quotas and reserved names."""
