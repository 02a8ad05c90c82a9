"""Wiring only: fixtures that other plugins expect to find at the root."""

import pytest

from vitals.environment import Environment


@pytest.fixture(scope="session")
def base_url(environment: Environment) -> str | None:
    """The admin web, to which relative addresses in a journey refer."""
    return environment.target_url("web")
