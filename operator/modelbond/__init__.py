"""modelbond: open models on clusters of different owners, with money behind the uptime."""

__version__ = "0.1.0"
