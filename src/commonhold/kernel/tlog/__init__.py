"""The log: C2SP tlog formats, byte for byte (DESIGN 3.1)."""
