"""Pages that run on a person's own machine, on loopback and for that person alone: the custody interview."""
