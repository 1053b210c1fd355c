"""``/check`` of a partner node: readers ask who speaks now (DESIGN 3.6); what they paste is answered and forgotten."""
