"""What the citizen is handed: documents of results, and the joint receipt."""
