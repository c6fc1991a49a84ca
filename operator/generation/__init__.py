"""What is derived from crds/ and from the reasons: one module for each kind of output."""
