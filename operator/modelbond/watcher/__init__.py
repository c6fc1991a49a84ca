"""The watcher: it probes what was agreed, keeps what it saw, and reports with others."""
