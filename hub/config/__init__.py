"""The configuration of a city: catalogue, divisions, providers, endpoints, calendars; read, checked, resolved."""

from hub.config.check import check_configuration, warnings
from hub.config.load import Configuration, load_configuration, shipped
from hub.config.routes import Performed, RouteRow, RouteTable, routes
from hub.config.schedule import Closure, closure, cron, timetable
from hub.config.secrets import Lookup, resolve

__all__ = [
    "Closure",
    "Configuration",
    "Lookup",
    "Performed",
    "RouteRow",
    "RouteTable",
    "check_configuration",
    "closure",
    "cron",
    "load_configuration",
    "resolve",
    "routes",
    "shipped",
    "timetable",
    "warnings",
]
