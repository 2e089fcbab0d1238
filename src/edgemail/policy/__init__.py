"""Who may send what: lists, rates, disk space, a late store, chaos."""
