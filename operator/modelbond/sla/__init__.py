"""What is agreed and measured: agreements, verdicts, and the tally of a frame. Pure."""
