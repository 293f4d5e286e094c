"""The company's wire form: signed SOAP 1.2 by its WSDL, typed faults, and what stands in front of them. Pure."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from hub.sdk import DecodeError, Draw, Env, ErrorCode, Refused, Tree, designation, refused_by_status
from hub.sdk.wire import HttpRequest, HttpResponse, retry_after, soap, wsse, xml

CONTRACTS = resources.files(__package__) / "contracts"
_PATH = "/services/CustomerService"
_FAULT = "{http://cis.gas.example/v2}ServiceFault"
_SAME_OPERATION = {"payFee": "payBill"}
_DID_NOTHING = {401: ErrorCode.UPS_AUTH, 403: ErrorCode.UPS_AUTH, 429: ErrorCode.UPS_THROTTLED}
_AT_THE_DOOR = {"GAS-9001": ErrorCode.UPS_AUTH, "GAS-9002": ErrorCode.UPS_THROTTLED, "GAS-9004": ErrorCode.UPS_AUTH}
_REPLAYED = "GAS-9003"


def request(message: str, tree: Tree, env: Env, draw: Draw) -> HttpRequest:
    """A signed request, checked against the contract. Raises EncodeError."""
    operation = _SAME_OPERATION.get(message, message)
    if operation == "createServiceOrder":
        tree = {**tree, "order": _finished(tree["order"])}
    token = wsse.UsernameToken(str(env.config["username"]), str(env.config["password"]), draw(16).hex(), env.now)
    headers, body = _soap().encode(operation, tree, "UTF-8", security=token)
    return HttpRequest("POST", str(env.config["base_url"]).rstrip("/") + _PATH, headers, body)


def reply(message: str, response: HttpResponse, env: Env, *, effect: bool) -> Tree:
    """The body of a reply by the name of its element. Raises DecodeError, or Refused when nothing was done."""
    if response.status == 503:
        page = "html" in response.headers.get("content-type", "")
        code = ErrorCode.UPS_MAINTENANCE if page else ErrorCode.UPS_UNAVAILABLE
        raise Refused(code, "HTTP 503", retry_after(response.headers, env.now))
    refused_by_status(response, env.now, _DID_NOTHING)
    operation = _SAME_OPERATION.get(message, message)
    try:
        body = _soap().decode(operation, response.status, response.headers, response.body)
    except soap.SoapFault as fault:
        return {"ServiceFault": _fault(fault, effect=effect)}
    return {f"{operation}Response": _derived(operation, body)}


def _fault(fault: soap.SoapFault, *, effect: bool) -> Tree:
    detail = fault.detail.find(_FAULT) if fault.detail is not None else None
    if detail is None:
        if fault.code != "Receiver":  # the message was not understood, so nothing was done with it
            raise Refused(ErrorCode.UPS_PROTOCOL, f"soap-{fault.code}"[:32])
        raise DecodeError("soap", "the server broke down over the request")
    told = xml.to_tree(detail)
    code = str(told.get("code"))
    if code == _REPLAYED:
        # The same message was there before: that one may have been carried out, while its answer was lost.
        raise Refused(ErrorCode.UPS_TIMEOUT_UNKNOWN if effect else ErrorCode.UPS_BUSY, code)
    if code in _AT_THE_DOOR:
        raise Refused(_AT_THE_DOOR[code], code)
    return told


def _finished(order: Tree) -> Tree:
    """The parts of the flat's designation in their own elements, and whether the agreement is among the papers."""
    kinds = list(dict.fromkeys(paper["kind"] for paper in order.get("paper", ())))
    signed = "true" if "AGREEMENT" in kinds else "false"
    papers = {"paper": [{"kind": kind} for kind in kinds]} if kinds else {}
    address = {**order["address"], **designation(order["address"].get("room", ""))}
    return {**order, **papers, "agreementSigned": signed, "address": address}


def _derived(operation: str, body: Tree) -> Tree:
    """Each address as one text in its road; of the visits, those that are free."""
    if operation == "listSlots":
        return {**body, "slot": [slot for slot in body.get("slot", ()) if int(slot["free"]) > 0]}
    found: Any = body.get("customer", [])
    for customer in found if isinstance(found, list) else [found]:
        address = customer["address"]
        parts = (address.get(name, "") for name in ("road", "estate", "building", "unit", "room"))
        customer["address"] = {**address, "road": "".join(parts)}
    return body


@cache
def _soap() -> soap.SoapCodec:
    return soap.SoapCodec.load(CONTRACTS / "customer-service.wsdl")
