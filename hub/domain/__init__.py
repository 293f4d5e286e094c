"""Pure values and rules of the one window: no I/O, no clock, no wire format."""
