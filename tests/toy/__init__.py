"""A made-up utility with a small JSON interface, its adapter and its server, to test the engine with."""
