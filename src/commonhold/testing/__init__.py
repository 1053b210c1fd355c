"""Helpers that ship with the package, for tests, benches and drills of Commonhold and of what is built on it."""
