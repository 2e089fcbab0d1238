"""Mailpit's API v1, for programs that were written against Mailpit. They find nothing else changed.

Errors are plain text, keys of requests have any case, and unknown parameters are ignored, all as there.
"""
