"""The charter: its articles, its history, and who could bring about what under it."""
