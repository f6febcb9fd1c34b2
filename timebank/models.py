"""The ORM's models, all of them: what Tortoise's migrations and reads look for in one module."""

from timebank import capabilities, demo
from timebank.tables import TABLES

globals().update({table.row.__name__: table.model for table in TABLES.values()})

__all__ = ["capabilities", "demo"]
