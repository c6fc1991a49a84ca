"""The process: configuration, kopf, health, logs, and the one place where all parts meet."""
