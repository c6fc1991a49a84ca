"""What controllers need from the outside world, as protocols: adapters and runtime carry them."""
