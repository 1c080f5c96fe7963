"""The checker of certificates: a few hundred lines of rational arithmetic that share nothing with what made the certificate.

It uses the standard library only. Everything that a certificate claims is derived again from the data, or checked against it;
nothing in the file is believed.
"""

from __future__ import annotations

from theodolite.checker._verify import Report, read_certificate, verify

__all__ = ["Report", "read_certificate", "verify"]
