"""Verdicts: pure arithmetic over samples; no clock, no socket, no pytest."""
