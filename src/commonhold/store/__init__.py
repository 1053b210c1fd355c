"""Where the record lies: the durable log, its static files, objects by digest, and key files.

The kernel decides what bytes mean; this package moves them to and from disks and networks, and promises what survives a crash.
"""
