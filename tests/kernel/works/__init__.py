"""Laws of works and of how many copies there are."""
