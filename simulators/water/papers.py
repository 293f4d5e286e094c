"""Trade 3006: the contract or certificate that an order ended with, as a file."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes

from simulators.water.books import Books, Refused

if TYPE_CHECKING:
    from simulators.water.accounts import Asked
    from simulators.water.dialect import Body


def document(books: Books, asked: Asked) -> Body:
    """Only what the order really ended with; a paper that is not there is answered like an order that is not."""
    order = books.order(asked.get("SLBH"), asked.company)
    number = asked.get("DJBH")
    if number not in {order.contract, order.certificate} - {""}:
        raise Refused("0001", "单据不存在")
    content = page(f"SIMULATED {'CONTRACT' if number == order.contract else 'CERTIFICATE'} {number}")
    digest = hashes.Hash(hashes.SM3())
    digest.update(content)
    return {
        "DJBH": number,
        "WJM": f"{number}.pdf",
        "NR": base64.b64encode(content).decode(),
        "SM3": digest.finalize().hex(),
    }


def page(words: str) -> bytes:
    """A PDF of one page with a line of plain ASCII on it."""
    text = f"BT /F1 18 Tf 72 720 Td ({words}) Tj ET".encode("ascii")
    font = b"<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources %s >>" % font,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
    )
    body, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return b"%sxref\n0 %d\n0000000000 65535 f \n%s%s" % (body, len(objects) + 1, table, trailer)
