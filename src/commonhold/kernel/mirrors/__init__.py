"""Mirrors: what a house says of the files in a copy that anybody serves (docs/formats/mirror.md)."""
