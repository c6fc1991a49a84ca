"""How long properties are looked for: no clock of its own, as the machine may be busy."""

from hypothesis import settings

settings.register_profile("modelbond", deadline=None, max_examples=60)
settings.load_profile("modelbond")
