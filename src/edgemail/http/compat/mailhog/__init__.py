"""MailHog's APIs v1 and v2, and its chaos monkey Jim.

Where a path is Mailpit's as well, Mailpit answers: the list of `/api/v1/messages`. Errors have no text, as clients
read whatever is answered as JSON.
"""
