"""Sealing: a secret that only the custodians whom the charter names can open together (DESIGN 5, docs/formats/seal.md).

``structure`` says which people open a seal, ``bundle`` what is inside, ``splitting`` how the key is cut into shares, ``shares`` what is public
about each share and how it is proved, ``opening`` puts them together again. Pure: the dice are passed in, and age is the shells' business.
"""
