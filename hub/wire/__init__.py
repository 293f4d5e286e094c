"""Wire formats and transports: how bytes are made, sent and read. Nothing here knows a utility."""
