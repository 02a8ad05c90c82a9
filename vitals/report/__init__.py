"""How a run is shown: the runbook's lines, files for machines, a page for people."""
