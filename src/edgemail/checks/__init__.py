"""Checks that a sender of mail asks for: what mail programs support of its HTML, and what its links answer."""
