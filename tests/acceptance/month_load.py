"""What is applied for in the month: each application with its own account, opened at the utility that it is for."""

from __future__ import annotations

from datetime import date

from hub import DocumentType, IdentityDocument, Organisation, Person, example_application, example_bundle
from simulators.catv.records import Bill
from simulators.kit.people import FORMER_HOLDER, resident_id
from simulators.realty.units import certificate_no
from simulators.transit.records import with_luhn
from tests.acceptance.story import stored

TOWNS = ("330402007", "330411002", "330421001", "330424001", "330481001", "330482001", "330483001")
BUNDLES = ("JX6-TH-01", "JX6-TH-02", "JX6-TH-03", "JX6-TH-04", "JX6-TH-05", "JX6-TH-06")
TRANSFERS = {"JX6-WAT-01", "JX6-ELE-05", "JX6-ELE-06", "JX6-GAS-03", "JX6-CTV-03", "JX6-RE-01"}
_WATER = {"330421": ("0421", "0210"), "330424": ("0424", "0240"), "330481": ("0481", "0810")}
_WATER |= {"330482": ("0482", "0820"), "330483": ("0483", "0830")}
_GAS = {"330421": "21", "330424": "24", "330481": "81", "330482": "82", "330483": "83"}
_SUSPENDED = {"JX6-WAT-09", "JX6-GAS-10", "JX6-CTV-06"}
PAYMENTS = ("JX6-WAT-14", "JX6-ELE-15", "JX6-GAS-13", "JX6-BUS-08", "JX6-CIT-09", "JX6-CTV-08")
_NEW_CARD = {"JX6-BUS-01", "JX6-BUS-02", "JX6-BUS-03", "JX6-CIT-01"}
_BILL = {"water": 4010, "gas": 5000, "power": 5000, "catv": 3650}


class Load:
    """Makes applications, the next always another; what varies is drawn by the caller."""

    def __init__(self, hub, running) -> None:
        self._hub, self._running = hub, running
        self._catalogue = hub.configuration.catalogue
        self._made = 0
        self._evidence = {}
        self.items = [code for code, each in self._catalogue.by_code.items() if each.field in running]
        self.items += ["JX6-RE-01"] * 4  # one item for a whole system

    async def item(self, code: str, audience: str, town: str):
        made = example_application(code, audience, self._catalogue, division=town)
        return await self._own(made, town)

    async def bundle(self, theme: str, town: str):
        made = example_bundle(theme, self._catalogue, division=town)
        if theme == "JX6-TH-01" and "realty" in self._running:
            lead = example_application("JX6-RE-01", "individual", self._catalogue, division=town)
            made = made.with_(
                items=(*lead.items, *made.items),
                evidence=tuple({each.material: each for each in (*made.evidence, *lead.evidence)}.values()),
                consents=tuple({each.recipient: each for each in (*made.consents, *lead.consents)}.values()),
            )
        return await self._own(made, town)

    async def materials(self, code: str, asked) -> list:
        """What a utility asks for of an item; any material with a file, if it does not say."""
        made = example_application(code, self._catalogue.by_code[code].audience[0], self._catalogue)
        files = [await self._stored(each) for each in made.evidence]
        files = [each for each in files if each.ref is not None]
        wanted = [each for each in files if each.material in asked]
        if wanted or files:
            return wanted or files[:1]
        material = made.evidence[0].material  # shown at the window until now
        return [
            await self._hub.attach(material, b"%PDF-1.4 synthetic", file_name="a.pdf", media_type="application/pdf")
        ]

    async def _own(self, made, town: str):
        """The application with accounts, a person and files of its own."""
        self._made += 1
        codes = [request.code for request in made.items]
        if any(code in _NEW_CARD for code in codes):
            made = made.with_(applicant=self._newcomer(codes[0], town))
        opened = {}
        items = []
        for request in made.items:
            field = self._catalogue.by_code[request.code].field
            if field not in opened:  # the items of a bundle are about one account
                opened[field] = self._account(request.code, made.applicant, town)
            form = {**request.form, **{key: value for key, value in opened[field].items() if key in request.form}}
            items.append(request.with_(form=form))
        evidence = [await self._stored(each) for each in made.evidence]
        home = made.address.with_(full_address=f"嘉兴市建设街道中山东路{self._made}号1幢2单元301室")
        return made.with_(
            request_id=f"month-{self._made:05d}", items=tuple(items), evidence=tuple(evidence), address=home
        )

    async def _stored(self, each):
        """The same file once and for all: what is kept under its digest is the same anyway."""
        key = (each.material, each.file_name)
        if key not in self._evidence:
            self._evidence[key] = await stored(self._hub, each)
        return self._evidence[key]

    def _newcomer(self, code: str, town: str) -> Person:
        year = {"JX6-BUS-02": 2012, "JX6-BUS-03": 1952}.get(code, 1980)
        birth = date(year, 1 + self._made // 900 % 12, 1 + self._made // 30 % 28)
        number = resident_id(town[:6], birth, 1 + self._made % 900)
        document = IdentityDocument(type=DocumentType.RIC, number=number)
        return Person(name="沈新来", document=document, mobile="13800138009")

    def _account(self, code: str, applicant, town: str) -> dict:
        """Open the account, card or unit that an item is about; what the form says of it."""
        field = self._catalogue.by_code[code].field
        if field not in self._running:
            return {}
        kind = "enterprise" if isinstance(applicant, Organisation) else "individual"
        holder = (applicant.name, applicant.document.number, kind)
        if code in TRANSFERS and code != "JX6-ELE-06":
            holder = (FORMER_HOLDER.name, FORMER_HOLDER.id_number, "individual")
        return getattr(self, f"_{field}")(code, town[:6], *holder)

    def _water(self, code, county, name, number, kind):
        company, prefix = _WATER.get(county, ("0401", "0100"))
        account = f"{prefix}{500_000 + self._made:06d}"
        facts = {"YHBH": account, "GSDM": company, "YHMC": name, "ZJHM": number}
        facts |= {"ZJLX": "9" if kind == "enterprise" else "0", "YHZT": "1" if code in _SUSPENDED else "0"}
        if code in {"JX6-WAT-13", "JX6-WAT-14"}:
            facts["bills"] = [{"ZDYF": "202610", "SL": "10", "SF": "30.00", "PWF": "10.00", "WYJ": "0.10"}]
        self._running["water"].add_account(**facts)
        return {"account_no": account, "amount": _BILL["water"], "old_holder_name": name}

    def _power(self, code, county, name, number, kind):
        account = f"{county}{5_000_000 + self._made:07d}"
        facts = {"cons_no": account, "name": name, "cert_no": number}
        if kind == "enterprise":
            facts |= {"cert_type": "08", "elec_type": "402"}
        facts |= {"fate": {0: "return", 1: "fee", 2: "reject"}.get(self._made % 9, "")}
        if code == "JX6-ELE-06":
            facts |= {"name": "嘉兴市模拟纺织有限公司"}
        if code in {"JX6-ELE-14", "JX6-ELE-15"}:
            facts["arrears"] = _BILL["power"]
        self._running["power"].add_account(**facts)
        return {"account_no": account, "amount": _BILL["power"], "old_holder_name": facts["name"]}

    def _gas(self, code, county, name, number, kind):
        account = f"{_GAS.get(county, '10')}{500_000 + self._made:06d}"
        facts = {"customerNo": account, "name": name, "idNo": number}
        facts |= {"idType": "USCC", "usageType": "COMMERCIAL"} if kind == "enterprise" else {}
        facts |= {"status": "SUSPENDED"} if code in _SUSPENDED else {}
        if code in {"JX6-GAS-12", "JX6-GAS-13"}:
            facts["bills"] = [{"period": "202610", "charge": "50.00"}]
        self._running["gas"].add_account(**facts)
        return {"account_no": account, "amount": _BILL["gas"], "old_holder_name": name}

    def _catv(self, code, county, name, number, kind):
        today = self._hub.clock.now().date()
        account = f"{county}{500_000 + self._made:06d}"
        facts = {"CUSTNO": account, "BRANCH": county[2:], "CUSTNAME": name, "IDNO": number}
        facts |= {"IDTYPE": "营业执照"} if kind == "enterprise" else {}
        facts |= {"suspended": (today, today.replace(year=today.year + 1))} if code in _SUSPENDED else {}
        if code == "JX6-CTV-08":
            facts["bills"] = (Bill("202610", _BILL["catv"]),)
        self._running["catv"].add_account(**facts)
        return {"cust_no": account, "old_holder_name": name, "amount": _BILL["catv"]}

    def _ccard(self, code, _county, name, number, _kind):
        if code == "JX6-CIT-01":
            return {}
        card = f"31403300000005{self._made:05d}"
        facts = {"card_no": card, "name": name, "id_number": number, "balance": 1_000}
        facts |= {"state": "formal"} if code in {"JX6-CIT-03", "JX6-CIT-04"} else {}
        facts |= {"functions": ["BUS", "WALLET"]} if code == "JX6-CIT-05" else {}
        self._running["ccard"].add_account(**facts)
        return {"card_no": card, "reissue_reason": "lost", "loss_kind": "formal" if self._made % 2 else "oral"}

    def _transit(self, code, county, name, number, _kind):
        if code in _NEW_CARD:
            return {}
        card = with_luhn(f"310433{500_000_000_000 + self._made:012d}")
        facts = {"card_no": card, "name": name, "id_number": number, "inst": county[2:], "balance": 1_000}
        facts |= {"card_type": "30"} if code == "JX6-BUS-04" else {}
        facts |= {"status": "01"} if code == "JX6-BUS-06" else {}
        self._running["transit"].add_account(**facts)
        return {"card_no": card}

    def _realty(self, _code, county, name, number, _kind):
        unit = f"{county}001001GB{50_000 + self._made:05d}F00010001"
        certificate = certificate_no(county, 2024, 5_000_000 + self._made)
        self._running["realty"].add_account(unit=unit, name=name, number=number, certificate=certificate)
        return {"bdcdyh": unit, "ownership_proof_no": certificate.replace("（", "(").replace("）", ")")}
