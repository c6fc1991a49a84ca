"""What each role serves: the controllers, their queues, and the kinds that concern them."""

from modelbond.shell.home_role import home_role
from modelbond.shell.host_role import host_role
from modelbond.shell.parts import Parts, Served


def served(parts: Parts) -> tuple[Served, ...]:
    """Return what the configured roles serve."""
    config = parts.config
    home = home_role(parts, config.home) if "home" in config.roles and config.home else ()
    host = host_role(parts, config.host) if "host" in config.roles and config.host else ()
    return home + host
