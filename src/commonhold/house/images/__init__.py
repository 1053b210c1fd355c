"""Pictures, as a model of our own from the first migration on."""
