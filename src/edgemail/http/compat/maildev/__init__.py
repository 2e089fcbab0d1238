"""MailDev's API: `/email` of 2.x, and the same below `/api` of 3.0. `/healthz` stays edgemail's own."""
