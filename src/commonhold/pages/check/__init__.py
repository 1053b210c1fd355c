"""The page of a partner node for readers: who speaks now, since when, resting on what (DESIGN 3.6). Functions of values and a language."""
