"""Attacks by hostile peers."""
