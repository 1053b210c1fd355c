"""Mirrors as folders that any web server serves as they are: building one from a house, and bringing one up to date from another (docs/formats/mirror.md)."""
