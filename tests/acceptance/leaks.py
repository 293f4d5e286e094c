"""Where personal data may not stand: what is logged, stored in the clear, journalled, or shown masked."""

from __future__ import annotations

import json

from hub.domain.personal import personal_values


def canaries(applications):
    """What identifies somebody in these applications; free words and numbers of zeros may stand elsewhere by chance."""
    found = {value for made in applications for kind, value in personal_values(made) if kind != "other"}
    return {value for value in found if len(value) > 2 and set(value) != {"0"}}


def logged(caplog):
    return caplog.text + "".join(str(vars(record)) for record in caplog.records)


async def leaks(world, numbers, wanted, log=""):
    """(place, value) of everything that stands where it must not."""
    places = {"log": log}
    for simulator in world.simulators.values():
        entries = [entry.as_dict() for entry in simulator.journal.entries]
        places[f"journal of {simulator.name}"] = json.dumps(entries, ensure_ascii=False, default=str)
    for number in numbers:
        trace = await world.hub.trace(number)
        places[f"masked trace of {trace.case.tasks[0].item}"] = trace.model_dump_json()
    found = [(place, value) for place, text in places.items() for value in wanted if value in text]
    return found + _stored(world.hub._parts.evidence._folder.parent, wanted)


def _stored(folder, wanted):
    files = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert any(name.endswith(".db") for name in files), sorted(files)
    spelt = [(value, value.encode(charset)) for value in wanted for charset in ("utf-8", "gb18030")]
    return [(name, value) for name, content in files.items() for value, written in spelt if written in content]
