"""What to look at: an environment file, checked once, as frozen values.

Importing this package is cheap; `load` imports pydantic.
"""

from vitals.environment.errors import ConfigError
from vitals.environment.loading import available, load, missing_environment_message
from vitals.environment.model import Environment
from vitals.environment.readers import Route, Window
from vitals.environment.secret import Secret
from vitals.environment.standin import replace_urls
from vitals.environment.tables import (
    STEPS,
    TARGETS,
    Control,
    Deadlines,
    Expect,
    Hosts,
    Identity,
    KnownGap,
    Limits,
    Network,
    Publish,
    ResponseTime,
    Rollback,
    Schedule,
    Smoke,
    Standin,
    Step,
    Urls,
)

__all__ = [
    "STEPS",
    "TARGETS",
    "ConfigError",
    "Control",
    "Deadlines",
    "Environment",
    "Expect",
    "Hosts",
    "Identity",
    "KnownGap",
    "Limits",
    "Network",
    "Publish",
    "ResponseTime",
    "Rollback",
    "Route",
    "Schedule",
    "Secret",
    "Smoke",
    "Standin",
    "Step",
    "Urls",
    "Window",
    "available",
    "load",
    "missing_environment_message",
    "replace_urls",
]
