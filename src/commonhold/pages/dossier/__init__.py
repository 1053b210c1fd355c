"""The dossier as one document to print: covering letter, organisation, officers, history, proofs, and what is not proved.

It goes to strangers, so it is readable, says nothing that a reader must believe without checking, and accuses nobody. A register of who could take a
resource is a map for burglars: it is no part of this document unless whoever makes it asks for that by name.
"""

from __future__ import annotations

from commonhold.pages.dossier.page import Evidence, Exhibit, File, Reach, render_dossier

__all__ = ["Evidence", "Exhibit", "File", "Reach", "render_dossier"]
