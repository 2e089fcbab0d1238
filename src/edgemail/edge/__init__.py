"""Exports the web client for a static host, previews it, and makes tokens for its database."""
