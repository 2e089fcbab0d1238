"""The page as a folder for a static host, a preview of it, and tokens for its database."""
