"""Documents for people, set as PDF/A pages with their font inside; the same data gives the same bytes."""

from hub.paper.receipt import receipt_pdf

__all__ = ["receipt_pdf"]
