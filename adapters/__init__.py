"""The adapters that come with the hub: one package for each utility interface."""
