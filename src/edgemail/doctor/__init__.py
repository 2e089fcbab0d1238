"""Whether a domain can take mail, and what its zone lacks: facts are gathered first, then judged."""

from edgemail.doctor.examination import Question, examine
from edgemail.doctor.findings import Finding, Status

__all__ = ["Finding", "Question", "Status", "examine"]
