"""The real-estate registry: exchange tables in a shared database."""
