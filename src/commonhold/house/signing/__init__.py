"""Acts: from what a member wants, through words and a signature, into the record."""
