"""Commonhold: an organisation's authority as a signed public record that its members hold in common."""
