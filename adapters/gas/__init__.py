"""Adapter of the gas companies' customer service: SOAP 1.2 with WS-Security and a typed contract."""
