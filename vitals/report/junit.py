"""`junit.xml` as CI systems read it, with the suite's own outcomes.

pytest's own writer knows three outcomes and calls a broken check a failure of the product.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from vitals.verdict.outcome import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML 1.0, 2.2
_FAILURES = {Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.BLOCKED}
_SKIPS = {Outcome.OFF, Outcome.KNOWN_GAP}


def document(
    results: Sequence[Result], suite_errors: Sequence[str], *, name: str, timestamp: str
) -> bytes:
    """The results as one JUnit test suite.

    Args:
        results: one test case each; severity, level and outcome are properties.
        suite_errors: faults that belong to no check, one test case each.
        name: of the suite: the environment.
        timestamp: when the run started, RFC 3339.
    """
    cases = [_case(result) for result in results]
    cases += [_error_case(text) for text in suite_errors]
    counts = {tag: sum(case.find(tag) is not None for case in cases) for tag in _TAGS}
    suite = ET.Element(
        "testsuite",
        name=_text(name),
        timestamp=timestamp,
        tests=str(len(cases)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    suite.extend(cases)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


_TAGS = ("failure", "error", "skipped")


def _case(result: Result) -> ET.Element:
    file, _, test = result.id.partition("::")
    case = ET.Element(
        "testcase",
        classname=_text(file.removesuffix(".py").replace("/", ".")),
        name=_text(test),
        time=f"{result.seconds:.3f}",
    )
    properties = ET.SubElement(case, "properties")
    for key, value in (
        ("title", result.title),
        ("outcome", result.outcome.value),
        ("severity", result.severity.value),
        ("incident", result.incident.value),
        ("runbook", result.runbook),
        ("warned", "true" if result.is_warned else ""),
    ):
        if value:
            ET.SubElement(properties, "property", name=key, value=_text(value))
    message = f"{result.title}: {result.words}"
    if result.outcome is Outcome.SUITE_ERROR:
        ET.SubElement(case, "error", message=_text(message))
    elif result.outcome in _FAILURES and not result.is_warned:
        prefix = "" if result.outcome is Outcome.FAIL else f"{result.outcome.value}: "
        ET.SubElement(case, "failure", message=_text(prefix + message)).text = _text(result.repeat)
    elif result.outcome in _SKIPS:
        ET.SubElement(case, "skipped", message=_text(message))
    return case


def _error_case(text: str) -> ET.Element:
    case = ET.Element("testcase", classname="vitals", name="suite", time="0")
    ET.SubElement(case, "error", message=_text(text))
    return case


def _text(value: str) -> str:
    return _NOT_XML.sub("\ufffd", value)
