"""The citizen's joint application with real files behind its materials."""

from __future__ import annotations

import struct

from hub import Evidence, example_case

STORY = ("JX6-WAT-01", "JX6-ELE-05", "JX6-BUS-03")


def portrait(width: int = 358, height: int = 441) -> bytes:
    """A baseline JPEG header of that size: what a utility checks without decoding the picture."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + bytes([1, 0x11, 0])
    return b"\xff\xd8" + b"\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame + b"\xff\xd9"


async def make_application(hub, items=STORY, audience="individual", division="330402007", **changes):
    """An example application whose uploads and captures are in the hub's evidence store."""
    made = example_case(items, audience, hub.configuration.catalogue, division=division)
    evidence = [await stored(hub, each) for each in made.evidence]
    return made.with_(evidence=tuple(evidence), **changes)


async def stored(hub, evidence: Evidence) -> Evidence:
    if evidence.material == "PHOTO":
        return await hub.attach("PHOTO", portrait(), file_name="photo.jpg", media_type="image/jpeg")
    if evidence.ref is None:
        return evidence
    content = f"%PDF-1.4 synthetic {evidence.material}\n".encode() * 40
    return await hub.attach(
        evidence.material, content, file_name=f"{evidence.material.lower()}.pdf", media_type="application/pdf"
    )
