"""Whether a domain can take mail, and what its zone lacks: facts are gathered first, then judged."""

from edgemail.doctor.checks import DoctorRequest, run_checks
from edgemail.doctor.findings import Finding, Status

__all__ = ["DoctorRequest", "Finding", "Status", "run_checks"]
