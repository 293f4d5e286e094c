"""The water companies: SOAP 1.1 with one operation, in two dialects."""
