"""The POP3 port, over real sockets."""
