"""The partner node: a small ASGI app, without Django, that witnesses and mirrors other organisations' records (DESIGN 3.1, 3.4, 6)."""
