"""People and companies that the team might talk to; not contacts until saved."""
