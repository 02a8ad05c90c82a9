"""No secret passes: what is written, printed or published goes through a `Redactor` first."""

from vitals.redact.redactor import REDACTED, SENSITIVE_HEADERS, Redactor, is_sensitive_header

__all__ = ["REDACTED", "SENSITIVE_HEADERS", "Redactor", "is_sensitive_header"]
