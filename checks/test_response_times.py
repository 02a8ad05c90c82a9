"""Does VendHub answer in time, and how sure is that?"""

from vitals import EACH, GATES, Gate, GateSample, check, expect, judged


@check(
    "Response times", severity="critical", incident="P3", runbook="deploy#6", each=GATES,
    samples=Gate(EACH),
)  # fmt: skip
def test_response_time(samples: GateSample) -> str:
    """Each `[[response_time]]` of the environment: its name, severity and limit stand there."""
    expect(samples).answered(samples.awaited)
    return judged(samples)
