"""The pure core: formats, mathematics and rules, with no clock, disk, network or randomness of its own (DESIGN 9)."""
