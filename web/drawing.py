"""Drawing: how templates become pages, in a third of the time that the library takes for it.

What a page says is answers of the API, which are dicts; what it calls are macros and functions of
ours; what it writes goes nowhere but into the page. The library is ready for anything, at each of
some hundred places of a page. Its documented extension points are overridden here, and one method
of its compiler: the version is bounded in pyproject.toml, and tests compare both ways. Knows
nothing of what is drawn.
"""

from collections.abc import Callable, Mapping, MutableMapping
from contextvars import ContextVar
from functools import lru_cache, partial
from types import BuiltinFunctionType, FunctionType, MappingProxyType
from typing import Any

import markupsafe
from jinja2 import Environment, Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, Macro
from jinja2.utils import missing
from markupsafe import Markup, escape

Told = Mapping[str, Any]
PLAIN = frozenset({FunctionType, BuiltinFunctionType, partial, type(lru_cache(abs))})
"""What is called as it is, unless it asks to be told where."""
ESCAPED: Callable[[str], str] = getattr(markupsafe, "_escape_inner", markupsafe.escape)
OWN = frozenset(dir(dict))
"""What a dict can do itself, which comes before what it holds."""


_told: ContextVar[Told] = ContextVar("told", default=MappingProxyType({}))


class Surroundings(Context):
    """What a template may name; calls macros and plain functions as they are.

    A library of macros is made once a process, so what it does not know itself is the page's that
    is being drawn.
    """

    def resolve_or_missing(self, key: str) -> Any:
        """What a name stands for."""
        if key in self.vars:
            return self.vars[key]
        if key in self.parent:
            return self.parent[key]
        return _told.get().get(key, missing)

    def call(
        self,
        made: Any,
        /,
        *given: Any,
        _block_vars: Any = None,
        _loop_vars: Any = None,
        **named: Any,
    ) -> Any:
        """What `made` answers, told the context if it asks for that."""
        kind = type(made)
        if kind is Macro:
            return made(self.eval_ctx, *given, **named)
        if kind in PLAIN and not hasattr(made, "jinja_pass_arg"):
            return made(*given, **named)
        held = {"_block_vars": _block_vars, "_loop_vars": _loop_vars}
        return super().call(made, *given, **held, **named)


class Writer(CodeGenerator):
    """Compiles a template to write values by `spelled`."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile and finalize.src is None:
            self.write("environment.spelled(")
        else:
            super()._output_child_pre(node, frame, finalize)


class Drawing(Environment):
    """Templates whose globals are complete before the first of them is read."""

    code_generator_class = Writer
    context_class = Surroundings

    def draw(self, template: str, told: Told) -> str:
        """A template with what it is told."""
        found = self.get_template(template)
        before = _told.set(told)
        try:
            return found.render(told)
        finally:
            _told.reset(before)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The names that every template knows: one dict, no chain of them."""
        return {**self.globals, **d} if d else self.globals

    def getattr(self, obj: Any, attribute: str) -> Any:
        """What `obj.attribute` is: what an answer holds under that name is found at once."""
        if type(obj) is dict and attribute not in OWN:
            held = obj.get(attribute, missing)
            if held is not missing:
                return held
        return super().getattr(obj, attribute)

    @staticmethod
    def spelled(value: object) -> str:
        """A value as it stands in a page: escaped unless it is markup.

        The library makes markup of every piece, only to join them.
        """
        if type(value) is str:
            return ESCAPED(value)
        if isinstance(value, Markup):
            return value
        if type(value) is int:
            return str(value)
        # What an `if` without an `else` comes to.
        return "" if type(value) is Undefined else escape(value)
