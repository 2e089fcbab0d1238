"""The constant replies, encoded once. Second words are enhanced status codes (RFC 3463, RFC 2034)."""

from __future__ import annotations

from edgemail.smtp.outputs import Reply

OK = Reply.of(250, "2.0.0 OK")
NOT_VERIFIED = Reply.of(252, "2.1.5 Send some mail, any name is taken")
HELP = Reply.of(214, "2.0.0 HELO EHLO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT; see RFC 5321")
SENDER_OK = Reply.of(250, "2.1.0 Sender OK")
RECIPIENT_OK = Reply.of(250, "2.1.5 Recipient OK")
GO_AHEAD = Reply.of(354, "Go ahead, end with <CRLF>.<CRLF>")

TOO_MANY_RECIPIENTS = Reply.of(452, "4.5.3 Too many recipients, send the message again for the rest")

LINE_TOO_LONG = Reply.of(500, "5.5.2 Line too long")
BARE_NEWLINE = Reply.of(500, "5.5.2 Lines end with CR LF, and neither stands alone")
UNKNOWN_COMMAND = Reply.of(500, "5.5.2 Command not recognized")
BAD_ARGUMENT = Reply.of(501, "5.5.4 Syntax error in the argument")
NO_ARGUMENT = Reply.of(501, "5.5.4 The command takes no argument")
BAD_HELLO = Reply.of(501, "5.5.4 Say your name: a domain or an address literal")
BAD_PATH = Reply.of(501, "5.1.3 The address is not valid: write <local@domain>")
BAD_SENDER_PATH = Reply.of(501, "5.1.7 The address is not valid: write <local@domain> or <>")
BAD_SIZE = Reply.of(501, "5.5.4 SIZE takes a number of octets, once")
BAD_BODY = Reply.of(501, "5.5.4 BODY is 7BIT or 8BITMIME")
NOT_IMPLEMENTED = Reply.of(502, "5.5.1 Command not implemented")
HELLO_FIRST = Reply.of(503, "5.5.1 Say HELO or EHLO first")
MAIL_FIRST = Reply.of(503, "5.5.1 Say MAIL first")
RCPT_FIRST = Reply.of(503, "5.5.1 Say RCPT first")
MAIL_TWICE = Reply.of(503, "5.5.1 A transaction is open: say RSET to end it")
NO_RECIPIENTS = Reply.of(554, "5.5.1 No recipient was accepted")
NOT_OUR_DOMAIN = Reply.of(550, "5.7.1 No mail is taken for that domain")
TOO_LARGE = Reply.of(552, "5.3.4 The message is too large")
NEEDS_SMTPUTF8 = Reply.of(553, "5.6.7 An address beyond ASCII needs SMTPUTF8")
NOT_SMTP = Reply.of(554, "5.5.1 This is SMTP")
UNKNOWN_PARAMETER = Reply.of(555, "5.5.4 Parameter not recognized")

TOO_MANY_ERRORS = Reply.of(421, "4.7.0 Too many errors")
TOO_MANY_COMMANDS = Reply.of(421, "4.7.0 Too many commands that carry no mail")
TOO_MANY_TRANSACTIONS = Reply.of(421, "4.7.0 Enough for one connection, come again")
