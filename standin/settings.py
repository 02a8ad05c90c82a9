"""What one stand-in is: its profile, its addresses and its secrets. Made once, at start."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Profile = Literal["complete", "vendhub-os"]

UNCHANGING_VERSION = "1.0.0"


@dataclass(frozen=True)
class Settings:
    """All that the API and the web of one stand-in need to know.

    Origins are `scheme://host:port` without a path. `started` is in seconds since the epoch.
    """

    profile: Profile
    data_dir: Path
    api_origin: str
    web_origin: str
    client_origin: str
    bot_token: str = field(repr=False)
    jwt_secret: str = field(repr=False)
    limits: bool = True
    version: str = "2.4.0"
    environment: str = "production"
    secure_cookies: bool = False
    metrics_token: str = field(default="standin-metrics-token", repr=False)
    bcrypt_rounds: int = 4
    started: float = field(default_factory=time.time)

    @property
    def is_complete(self) -> bool:
        """Whether this is the product the runbook expects, without VendHub-OS's traps."""
        return self.profile == "complete"

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """The origins whose pages may call the API with credentials (CORS_ORIGINS)."""
        return (self.web_origin, self.client_origin)

    @property
    def shown_version(self) -> str:
        """The version that the API answers: VendHub-OS is always the same one (facts 2.1)."""
        return self.version if self.is_complete else UNCHANGING_VERSION
