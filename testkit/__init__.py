"""What several tests need: mail, clients, and programs that run."""
