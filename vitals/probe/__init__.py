"""Probes: one request gives one sample, which never raises."""
