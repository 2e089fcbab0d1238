"""Checks that a domain can receive mail: it gathers DNS and server facts, then judges them."""

from edgemail.doctor.checks import DoctorRequest, run_checks
from edgemail.doctor.findings import Finding, Status

__all__ = ["DoctorRequest", "Finding", "Status", "run_checks"]
