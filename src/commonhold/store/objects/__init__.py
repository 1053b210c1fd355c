"""Objects by the SHA-256 of their bytes (DESIGN section 6): texts, pictures, films, manifests of works; whatever is named by a digest.

:mod:`.protocol` says what an object store promises; :mod:`.directory` keeps the promises in a folder, :mod:`.bucket` in a bucket, and :mod:`.remote` reads
from a web server. :mod:`.scrub` finds what is wrong, :mod:`.repair` heals it, :mod:`.report` finds what nothing names.
"""
