"""A custody register and its analysis as people read them: a picture, a table that says the same, a report of one page and a full one.

Everything speaks of what people could do, never of what they intend, and says on every page that it is for members only.
"""
