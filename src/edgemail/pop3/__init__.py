"""POP3 without I/O (RFC 1939, 2449, 2595, 5034, 6856): octets and events in, outputs out.

Standard library only; no socket, loop or clock. A driver feeds a `Pop3Session`, and does what it says.
"""
