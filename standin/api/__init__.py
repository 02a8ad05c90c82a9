"""The stand-in's API: everything under /api/v1, the documentation and the sockets."""

from standin.api.app import create_api

__all__ = ["create_api"]
