"""Evidence whose every number was first computed on paper; any tally must come to the same."""
