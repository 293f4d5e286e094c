"""Money: what is owed, paid, posted, taken back, and compared with the utilities' files."""
