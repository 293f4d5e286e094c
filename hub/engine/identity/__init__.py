"""Who applies: the one check of a case, and what the gateway knows."""
