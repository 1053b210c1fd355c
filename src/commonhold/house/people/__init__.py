"""Who is who: offices and their seats, members, bodies."""
