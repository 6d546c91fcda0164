"""Who asks for a page, and what that one may do: operators see, leads act, engineers see the configuration, too."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request

ROLES = ("operator", "lead", "engineer")  # each may do what those before it may


@dataclass(frozen=True)
class Person:
    """role: one of ROLES. account: where the name comes from: "local", "oidc", or "guest" for nobody in particular."""

    name: str
    role: str
    account: str = "local"

    def may(self, role: str) -> bool:
        """Whether this one may do what `role` may."""
        return ROLES.index(self.role) >= ROLES.index(role)


GUEST = Person("", "operator", "guest")

Who = Callable[[Request], Person | None]
"""Who sends a request; None: somebody who has to log in first."""


def anyone(request: Request) -> Person | None:
    """Where no accounts are kept: everyone sees what operators see."""
    return GUEST
