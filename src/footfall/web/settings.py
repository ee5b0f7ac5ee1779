"""What an owner may set of the web server; the environment is read by the command."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """The web server's settings.

    Attributes:
        public_claims: Whether anybody may claim from a count-down.
        countries: A country database's path, "" for none.
    """

    public_claims: bool = False
    countries: str = ""
