"""Can people work? The smoke path of the runbook, in a real browser."""
