"""Documents: parsed, measured and validated once, kept by their text.

Knows the order of the checks (length, tokens, limits, validity) and how much is remembered. Refuses
to know who asks and what the variables are: those are checked anew for every request.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NullValueNode,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    value_from_ast_untyped,
    visit,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from schema.errors import ERRORS_MAX, Refused, refused, tell_request
from schema.limits import Limits, Shape, measure
from schema.plans import Plans

RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)

CACHED_CHARACTERS = 150_000
"""Text of documents kept parsed, in all; a character holds about 130 bytes of memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of a valid document, with all that can be known before it is asked."""

    document: DocumentNode
    plans: Plans
    name: str | None
    type: OperationType
    fields: frozenset[str]
    shape: Shape
    defaults: Mapping[str, Any]

    def cost(self, variables: Mapping[str, Any]) -> int:
        """Points at worst under these variables, at least one (api 18)."""
        return max(1, self.shape.cost.of({**self.defaults, **variables}))


def _operation(
    schema: GraphQLSchema, document: DocumentNode, node: OperationDefinitionNode, shape: Shape
) -> Operation:
    given = {
        definition.variable.name.value: definition.default_value
        for definition in node.variable_definitions or ()
    }
    return Operation(
        document=document,
        plans=Plans(schema, document, node),
        name=node.name.value if node.name else None,
        type=node.operation,
        fields=frozenset(shape.fields),
        shape=shape,
        defaults={
            name: value_from_ast_untyped(value)
            for name, value in given.items()
            if value is not None and not isinstance(value, NullValueNode)
        },
    )


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document."""

    operations: tuple[Operation, ...]

    def pick(self, name: str | None) -> Operation:
        """The operation asked for; without a name the only one there is."""
        if name is None and len(self.operations) == 1:
            return self.operations[0]
        if name is None:
            says = "The document has several operations; send operationName."
            raise refused("OPERATION_RESOLUTION_FAILURE", says)
        for operation in self.operations:
            if operation.name == name:
                return operation
        raise refused("OPERATION_RESOLUTION_FAILURE", "The document has no operation of this name.")


class _NoNul(Visitor):
    """Refuses the character NUL in a document's texts: no database would take it (api 21)."""

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        """One text, with its escapes resolved."""
        if "\0" in node.value:
            raise GraphQLError("The character NUL is not accepted.", node)


class Documents:
    """Prepares documents and remembers the latest, valid or not, by their text."""

    def __init__(
        self, schema: GraphQLSchema, limits: Limits, *, cached_characters: int = CACHED_CHARACTERS
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._room = cached_characters
        self._cache: OrderedDict[tuple[str, bool], Document | Refused] = OrderedDict()
        self._ours: set[str] = set()
        self._kept: dict[str, Document] = {}

    def keep(self, texts: Iterable[str]) -> None:
        """Never forget these once they are prepared, which they are when first asked for.

        Preparing all that the pages ask takes longer than everything else a server begins with.
        """
        self._ours.update(texts)

    def remembers(self, text: str, *, suggest: bool = False) -> bool:
        """Whether a document is prepared already, so that asking for it again is no work."""
        return text in self._kept or (text, suggest) in self._cache

    def prepare(self, text: str, *, suggest: bool = False) -> Document:
        """A document ready to run, or Refused. `suggest` lets errors say "did you mean" (api 19).

        Length is checked before anything else, so that the cache never holds what is too long.
        """
        if len(text) > self._limits.characters:
            says = f"A document has at most {self._limits.characters} characters."
            raise refused("DOCUMENT_TOO_COMPLEX", says)
        kept = self._kept.get(text)
        if kept is not None:
            return kept
        key = (text, suggest)
        found = self._cache.get(key)
        if found is None:
            found = self._prepare(text, suggest=suggest)
            if text in self._ours and isinstance(found, Document):
                self._kept[text] = found
            else:
                self._remember(key, found)
        else:
            self._cache.move_to_end(key)
        if isinstance(found, Refused):
            # A new one each time: an exception raised twice would drag old tracebacks along.
            raise Refused(found.errors)
        return found

    def _remember(self, key: tuple[str, bool], found: Document | Refused) -> None:
        self._cache[key] = found
        self._room -= len(key[0])
        while self._room < 0:
            (text, _), _ = self._cache.popitem(last=False)
            self._room += len(text)

    def _prepare(self, text: str, *, suggest: bool) -> Document | Refused:
        limits = self._limits
        try:
            document = parse(
                text,
                max_lexical_tokens=limits.tokens,
                max_comments=limits.comments,
                allow_empty_selection_sets=False,
            )
            if "\\u" in text:
                visit(document, _NoNul())
            shapes = measure(self._schema, document, limits)
        except GraphQLError as error:
            # The parser has no error class of its own for its limits.
            limit = error.message.endswith("Parsing aborted.")
            code = "DOCUMENT_TOO_COMPLEX" if limit else "GRAPHQL_PARSE_FAILED"
            return Refused(tell_request([error], code=code))
        errors = validate(
            self._schema, document, RULES, max_errors=ERRORS_MAX, hide_suggestions=not suggest
        )
        if errors:
            return Refused(tell_request(errors, code="GRAPHQL_VALIDATION_FAILED"))
        if not shapes:
            return refused("OPERATION_RESOLUTION_FAILURE", "The document has no operation.")
        return Document(
            tuple(_operation(self._schema, document, node, shape) for node, shape in shapes)
        )
