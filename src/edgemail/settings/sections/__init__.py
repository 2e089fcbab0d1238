"""One module a section of the settings: its dataclass, and how its defaults are computed."""
