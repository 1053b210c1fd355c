"""What people read: pages, reports and pictures as HTML and SVG, in six languages. Pure functions of values and a language, without Django.

Templates and catalogues lie in this package and are read from it; nothing else is read, and nothing is written.
"""
