"""Who asks for a page, and what that one may do: operators see, leads act, engineers see the configuration, too."""

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request

ROLES = ("operator", "lead", "engineer")  # each may do what those before it may


@dataclass(frozen=True)
class Person:
    """role: one of ROLES. account: where the name comes from: "local", "oidc", or "guest" for nobody in particular.

    id: of a local account, what changes with its password; of a provider's, its subject: names there are not unique.
    """

    name: str
    role: str
    account: str = "local"
    id: str = field(default="", compare=False)

    def may(self, role: str) -> bool:
        """Whether this one may do what `role` may."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def told(self) -> dict[str, str]:
        """As the journal keeps who did something."""
        said = {"name": self.name, "role": self.role, "account": self.account}
        return said | ({"subject": self.id} if self.account == "oidc" and self.id else {})


GUEST = Person("", "operator", "guest")

Who = Callable[[Request], Person | None]
"""Who sends a request; None: somebody who has to log in first."""


def anyone(request: Request) -> Person | None:
    """Where no accounts are kept: everyone sees what operators see."""
    return GUEST
