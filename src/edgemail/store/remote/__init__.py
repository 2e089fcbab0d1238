"""The remote store: a libSQL database behind Hrana, on sqld or Turso."""
