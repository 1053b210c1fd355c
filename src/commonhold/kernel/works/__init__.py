"""Works: what an organisation publishes or keeps, as manifests of objects, and how many copies there are to be (DESIGN section 6)."""
