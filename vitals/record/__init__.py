"""The run record: what was sent, what came back, what it came to."""
