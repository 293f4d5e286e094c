"""What happens by itself at a certain time."""
