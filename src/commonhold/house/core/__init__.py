"""What every page of the house shares: the log, the languages, the headers, the look."""
