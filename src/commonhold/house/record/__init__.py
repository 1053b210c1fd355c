"""What has been decided and what is being decided: lists and timelines over a cache of the record."""
