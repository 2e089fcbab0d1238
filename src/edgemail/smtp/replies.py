"""The constant replies, encoded once, with enhanced status codes (RFC 3463, RFC 2034)."""

from __future__ import annotations

from edgemail.smtp.outputs import Reply, list_reasons

OK = Reply.of(250, "2.0.0 OK")
NOT_VERIFIED = Reply.of(252, "2.1.5 Send some mail, any name is taken")
HELP = Reply.of(214, "2.0.0 HELO EHLO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT; see RFC 5321")
SENDER_OK = Reply.of(250, "2.1.0 Sender OK")
RECIPIENT_OK = Reply.of(250, "2.1.5 Recipient OK")
CHUNK_OK = Reply.of(250, "2.0.0 Chunk taken")
START_TLS = Reply.of(220, "2.0.0 Start TLS")
AUTHENTICATED = Reply.of(235, "2.7.0 Authenticated, as everyone is")
LOGIN_RIGHT = Reply.of(235, "2.7.0 Authenticated")
ASK_PLAIN = Reply.of(334, "")
ASK_USERNAME = Reply.of(334, "VXNlcm5hbWU6")
ASK_PASSWORD = Reply.of(334, "UGFzc3dvcmQ6")
GO_AHEAD = Reply.of(354, "Go ahead, end with <CRLF>.<CRLF>")

TOO_MANY_RECIPIENTS = Reply.of(
    452, "4.5.3 Too many recipients, send the message again for the rest", reason="too_many_recipients"
)
DECLARED_NO_ROOM = Reply.of(
    452, "4.3.1 There is no room for the message, try again later", reason="declared_no_room"
)
NO_ROOM = Reply.of(452, "4.3.1 There is no room for the message, try again later", reason="no_room")

LINE_TOO_LONG = Reply.of(500, "5.5.2 Line too long", reason="line_too_long")
BARE_NEWLINE = Reply.of(500, "5.5.2 Lines end with CR LF, and neither stands alone", reason="bare_newline")
UNKNOWN_COMMAND = Reply.of(500, "5.5.2 Command not recognized", reason="unknown_command")
BAD_ARGUMENT = Reply.of(501, "5.5.4 Syntax error in the argument", reason="bad_argument")
NO_ARGUMENT = Reply.of(501, "5.5.4 The command takes no argument", reason="no_argument")
BAD_PATH = Reply.of(501, "5.1.3 The address is not valid: write <local@domain>", reason="bad_path")
BAD_SENDER_PATH = Reply.of(
    501, "5.1.7 The address is not valid: write <local@domain> or <>", reason="bad_sender_path"
)
BAD_SIZE = Reply.of(501, "5.5.4 SIZE takes a number of octets, once", reason="bad_size")
BAD_CHUNK = Reply.of(501, "5.5.4 BDAT takes a number of octets, then LAST for the last ones", reason="bad_chunk")
BAD_BASE64 = Reply.of(501, "5.5.2 Not base64", reason="bad_base64")
AUTH_CANCELLED = Reply.of(501, "5.7.0 Authentication cancelled", reason="auth_cancelled")
UNKNOWN_MECHANISM = Reply.of(
    504, "5.5.4 Mechanism not recognized: EHLO lists those that are", reason="unknown_mechanism"
)
BAD_INITIAL_RESPONSE = Reply.of(
    501,
    "5.5.4 The mechanism begins with a challenge, and takes no response before it",
    reason="bad_initial_response",
)
BAD_BODY = Reply.of(501, "5.5.4 BODY is 7BIT or 8BITMIME", reason="bad_body")
BAD_DSN = Reply.of(
    501,
    "5.5.4 RET is FULL or HDRS, NOTIFY is NEVER or some of SUCCESS,FAILURE,DELAY, ORCPT is type;address",
    reason="bad_dsn",
)
CHUNKS_OPEN = Reply.of(503, "5.5.1 Chunks of a message have come: send the last one, or RSET", reason="chunks_open")
NOT_IN_TRANSACTION = Reply.of(503, "5.5.1 Not within a transaction", reason="not_in_transaction")
AUTHENTICATED_ALREADY = Reply.of(503, "5.5.1 Authenticated already", reason="authenticated_already")
SECURE_ALREADY = Reply.of(503, "5.5.1 TLS is active already", reason="secure_already")
NOT_IMPLEMENTED = Reply.of(502, "5.5.1 Command not implemented", reason="not_implemented")
HELLO_FIRST = Reply.of(503, "5.5.1 Say HELO or EHLO first", reason="hello_first")
MAIL_FIRST = Reply.of(503, "5.5.1 Say MAIL first", reason="mail_first")
RCPT_FIRST = Reply.of(503, "5.5.1 Say RCPT first", reason="rcpt_first")
MAIL_TWICE = Reply.of(503, "5.5.1 A transaction is open: say RSET to end it", reason="mail_twice")
STARTTLS_FIRST = Reply.of(530, "5.7.0 Must issue a STARTTLS command first", reason="starttls_first")
AUTH_REQUIRED = Reply.of(530, "5.7.0 Authentication required", reason="auth_required")
LOGIN_WRONG = Reply.of(535, "5.7.8 The name or the password is wrong", reason="login_wrong")
NO_RECIPIENTS = Reply.of(554, "5.5.1 No recipient was accepted", reason="no_recipients")
NOT_OUR_DOMAIN = Reply.of(550, "5.7.1 No mail is taken for that domain", reason="not_our_domain")
BARE_NEWLINES = Reply.of(
    550, "5.6.0 Lines end with CR LF, and neither may stand alone in the message", reason="bare_newlines"
)
DECLARED_TOO_LARGE = Reply.of(552, "5.3.4 The message is too large", reason="declared_too_large")
TOO_LARGE = Reply.of(552, "5.3.4 The message is too large", reason="too_large")
NEEDS_SMTPUTF8 = Reply.of(553, "5.6.7 An address beyond ASCII needs SMTPUTF8", reason="needs_smtputf8")
NOT_SMTP = Reply.of(554, "5.5.1 This is SMTP", reason="not_smtp")
NOT_SYNCHRONIZED = Reply.of(554, "5.5.0 Wait for 354 before the message", reason="not_synchronized")
NOT_BEHIND_STARTTLS = Reply.of(554, "5.5.1 Nothing may follow STARTTLS before TLS", reason="not_behind_starttls")
UNKNOWN_PARAMETER = Reply.of(555, "5.5.4 Parameter not recognized", reason="unknown_parameter")

TOO_MANY_ERRORS = Reply.of(421, "4.7.0 Too many errors", reason="too_many_errors")
TOO_MANY_COMMANDS = Reply.of(421, "4.7.0 Too many commands that carry no mail", reason="too_many_commands")
TOO_MANY_TRANSACTIONS = Reply.of(421, "4.7.0 Enough for one connection, come again", reason="too_many_transactions")

REFUSES_MESSAGE = frozenset({TOO_LARGE, BARE_NEWLINES, NO_ROOM})
"""Refusals of a message after its octets have come."""

REASONS = list_reasons(globals())
"""The reasons of all replies in this module."""
