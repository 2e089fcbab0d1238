"""Every fixed reply. Its reason counts it in the metrics, and its text never holds what a peer sent."""

from __future__ import annotations

from typing import Final

from edgemail.pop3.outputs import Pop3Reply

_ok, _err = Pop3Reply.ok, Pop3Reply.err

DONE: Final = _ok("done")
BYE: Final = _ok("bye")
GIVE_PASSWORD: Final = _ok("now the password")
BEGIN_TLS: Final = _ok("begin TLS")
UTF8_ON: Final = _ok("UTF-8 it is")
MARKED: Final = _ok("deleted at QUIT")
LIST_FOLLOWS: Final = _ok("the list follows")
TOP_FOLLOWS: Final = _ok("the top follows")
ASK_PLAIN: Final = Pop3Reply(b"+ \r\n")
MECHANISMS: Final = Pop3Reply(b"+OK mechanisms follow\r\nPLAIN\r\n.\r\n")

UNKNOWN_COMMAND: Final = _err("unknown_command", "there is no such command here")
BAD_ARGUMENT: Final = _err("bad_argument", "the argument is not valid")
LINE_TOO_LONG: Final = _err("line_too_long", "the line is too long")
NOT_POP3: Final = _err("not_pop3", "this is not HTTP")
STLS_FIRST: Final = _err("stls_first", "use STLS first, or the port for TLS", "SYS/PERM")
NO_TLS: Final = _err("no_tls", "TLS is not offered")
IS_SECURE: Final = _err("is_secure", "TLS is in use already")
INJECTED: Final = _err("injected", "octets came behind STLS")
USER_FIRST: Final = _err("user_first", "name the inbox first, with USER")
LOGIN_FIRST: Final = _err("login_first", "log in first")
LOGGED_IN: Final = _err("logged_in", "you are logged in")
BAD_ADDRESS: Final = _err("bad_address", "the user name is the address of an inbox, such as ann@example.org")
BAD_BASE64: Final = _err("bad_base64", "this is not base64")
BAD_RESPONSE: Final = _err("bad_response", "this is not a response of PLAIN")
CANCELLED: Final = _err("cancelled", "cancelled")
UNKNOWN_MECHANISM: Final = _err("unknown_mechanism", "there is PLAIN alone")
NO_SUCH_MESSAGE: Final = _err("no_such_message", "there is no such message")
IS_GONE: Final = _err("is_gone", "the message was deleted meanwhile")
CANNOT_READ: Final = _err("cannot_read", "the message cannot be read now; try again later", "SYS/TEMP")
NO_DELETION: Final = _err("deletion_off", "this server deletes nothing on request", "SYS/PERM")
NOT_ALL_DELETED: Final = _err("not_all_deleted", "some messages could not be deleted", "SYS/TEMP")
TOO_MANY_ERRORS: Final = _err("too_many_errors", "too many mistakes")
TOO_MANY_COMMANDS: Final = _err("too_many_commands", "too many commands")

# What drivers say.
LOGIN_WRONG: Final = _err("login_wrong", "the password is wrong", "AUTH")
LOGIN_TOO_OFTEN: Final = _err("login_too_often", "too many logins; try again in a minute", "LOGIN-DELAY")
LOGIN_NOT_CHECKED: Final = _err("login_not_checked", "nobody can log in now; try again later", "SYS/TEMP")
STORE_DOWN: Final = _err("store_down", "the inbox cannot be read now; try again later", "SYS/TEMP")
TIMED_OUT: Final = _err("timed_out", "you took too long")
STOPPING: Final = _err("stopping", "the server stops", "SYS/TEMP")
TOO_MANY_CONNECTIONS: Final = _err("too_many_connections", "too many connections; try again later", "SYS/TEMP")
TOO_MANY_OF_SOURCE: Final = _err("too_many_of_source", "too many connections of your network", "SYS/TEMP")
TOO_OFTEN: Final = _err("too_often", "too many connections of your network in a minute", "SYS/TEMP")
SOURCE_DENIED: Final = _err("source_denied", "this server does not answer your network", "SYS/PERM")
TOO_SLOW: Final = _err("too_slow", "you read too slowly")

REASONS: Final = tuple(
    sorted(reply.reason for reply in tuple(vars().values()) if isinstance(reply, Pop3Reply) and reply.reason)
)
"""Every reason that a reply may have."""
