"""The images and models that tests and demo run: built here, from packages alone."""
