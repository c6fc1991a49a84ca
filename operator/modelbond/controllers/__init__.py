"""Controllers: observe, decide by pure functions, act, say what is true."""
