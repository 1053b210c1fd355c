"""The project's own tools: setting up, and the pages of the documentation that are generated and checked."""
