"""Arguments of the suite for runs against the demo."""

_FAULTS = 'standin.faults=["database-gone", "cors-open", "docs-exposed"]'
_NO_GATES = "response_time=[]"
"""Their samples take five seconds; one of the runs has them."""

GREEN = ("checks", "--env", "demo")
RED = ("checks", "--env", "demo", "--set", _FAULTS, "--set", _NO_GATES)
