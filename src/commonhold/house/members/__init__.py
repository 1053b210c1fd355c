"""Who works here: accounts, passkeys, invitations, sessions. Who they are to the organisation, the record says."""
