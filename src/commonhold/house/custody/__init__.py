"""What the organisation depends on, and who could take it."""
