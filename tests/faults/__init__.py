"""Faults of the environment: disks, kills, descriptors, memory."""
