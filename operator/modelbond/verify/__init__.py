"""A report computed again from its evidence, sharing nothing but the data format with the tally."""
