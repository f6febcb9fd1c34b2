"""Sessions of a PostgreSQL server, with settings of their own.

Knows that pgbouncer refuses a client that names a setting at its start which it does not follow:
each is set by a statement, as the session's first.
"""

from typing import Any

import asyncpg


async def connect(url: str, *, settings: dict[str, str], **how: Any) -> Any:
    """A connection whose session has these settings; `how` is the driver's.

    Raises what the driver raises.
    """
    connection = await asyncpg.connect(url, **how)
    try:
        told = (f"SET {name} = '{value}'" for name, value in settings.items())
        await connection.execute(";".join(told))
    except BaseException:
        connection.terminate()
        raise
    return connection
