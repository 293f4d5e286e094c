"""A client of the BOSS written by hand from its README: no code is shared with the adapter or the simulator."""

from __future__ import annotations

import hashlib
from urllib.parse import quote_from_bytes
from xml.sax.saxutils import escape

import httpx
from lxml import etree

OPERATOR, PASSWORD = "OW0001", "TEST-CATV-OW0001"
HOLDER = {"CUSTNAME": "李建国", "IDTYPE": "身份证", "IDNO": "330402198801010012"}
BUYER = {"CUSTNAME": "王秀兰", "IDTYPE": "身份证", "IDNO": "330402195203140024", "MOBILE": "13800138000"}


class Boss:
    """One operator at a counter of a branch."""

    def __init__(self, catv, branch: str = "0402", operator: str = OPERATOR) -> None:
        self.url = f"http://127.0.0.1:{catv.port}/boss"
        self.branch, self.operator, self.session, self.count = branch, operator, "", 0

    def serial(self) -> str:
        self.count += 1
        return f"20261124093000{self.count:06d}"

    async def log_in(self, password: str | None = None) -> str:
        """RETURN of a login; the session is kept."""
        digest = (
            hashlib.md5((password or f"TEST-CATV-{self.operator}").encode(), usedforsecurity=False).hexdigest().upper()
        )
        code, _, body = await self.ask("BS1001", {"PWD": digest}, session=None)
        self.session = body.get("SESSIONID", self.session)
        return code

    async def ask(self, service: str, body: dict, *, session: str | None = "", serial: str = "", **head):
        """RETURN, INFO and BODY of an answer."""
        held = {} if session is None else {"SESSIONID": session or self.session}
        full = {"SERVCODE": service, **held, "OPERID": self.operator, "BRANCH": self.branch, "CHANNEL": "柜台",
                "SERIALNO": serial or self.serial(), **head}  # fmt: skip
        reply = await self.post(form(document(full, body)))
        return answered(reply)

    async def post(self, content: bytes, content_type: str = "application/x-www-form-urlencoded; charset=GB18030"):
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.post(
                f"{self.url}/interface.do", content=content, headers={"Content-Type": content_type}
            )

    async def file(self, day: str, branch: str, auth=("onewindow", "TEST-CATV-FILES")):
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.get(f"{self.url}/files/{day}_{branch}.csv", auth=auth)


def document(head: dict, body: dict) -> str:
    return (
        f'<?xml version="1.0" encoding="GB18030"?><REQUEST><HEAD>{_xml(head)}</HEAD><BODY>{_xml(body)}</BODY></REQUEST>'
    )


def form(text: str, charset: str = "gb18030") -> bytes:
    return b"xml=" + quote_from_bytes(text.encode(charset)).encode()


def answered(reply):
    assert reply.headers["content-type"] == "text/html;charset=GBK"
    text = reply.content.decode("gb18030")
    assert text.startswith('<?xml version="1.0" encoding="GBK"?>')
    root = etree.fromstring(text.partition("?>")[2])
    assert [child.tag for child in root] == ["HEAD", "BODY"]
    return root.findtext("HEAD/RETURN"), root.findtext("HEAD/INFO") or "", tree(root.find("BODY"))


def tree(element):
    found = {}
    for child in element:
        value = tree(child) if len(child) else child.text
        if child.tag in found:
            earlier = found[child.tag]
            found[child.tag] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            found[child.tag] = value
    return found


def _xml(record: dict) -> str:
    return "".join(_element(tag, value) for tag, value in record.items())


def _element(tag: str, value) -> str:
    if isinstance(value, list):
        return "".join(_element(tag, each) for each in value)
    return f"<{tag}>{_xml(value) if isinstance(value, dict) else escape(value)}</{tag}>"
