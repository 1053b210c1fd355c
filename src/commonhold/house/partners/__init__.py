"""The partners who keep the record beside this house."""
