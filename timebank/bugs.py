"""Bugs as a log may tell them: of what kind they are, and the places that they came through.

Refuses to tell what a bug says, or which values stood around it: either may be a name or a key.
"""

import traceback
from typing import Any

FRAMES_LOGGED = 12


def told(error: BaseException) -> dict[str, Any]:
    """What a log's line says of a bug."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_LOGGED:]
    return {
        "error": f"{type(error).__module__}.{type(error).__qualname__}",
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
