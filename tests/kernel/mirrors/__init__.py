"""Laws of what a house says of the files in its mirror."""
