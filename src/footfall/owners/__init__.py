"""Who the owner is: one password, the sessions that began with it, and API tokens."""
