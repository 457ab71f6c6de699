"""Executing GraphQL over records: parsed and validated by graphql-core, read by compiled plans.

graphql-core itself resolves every field through its own machinery; a plan of closures over ready
records reads many times as many. Types, arguments, fragments, directives and validation are still
graphql-core's.

Belongs here: plans, connections and query cost. Does not: what a field holds (`records`).
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    parse,
    validate,
)
from graphql.execution.values import (
    get_argument_values,
    get_directive_values,
    get_variable_values,
)
from graphql.type import GraphQLIncludeDirective, GraphQLSkipDirective

# Anything that gives a field's value by its name: a mapping, or a record of `records`.
Source = Any
Read = Callable[[Source], Any]

MAX_PAGE = 250
UNKNOWN_FIELD = re.compile(r"Cannot query field '(\w+)' on type '(\w+)'")


class QueryError(Exception):
    """A request that Shopify answers with `errors` and no data; `errors` are as they go out."""

    def __init__(self, *errors: dict[str, Any]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = list(errors)


@dataclass(frozen=True)
class Page:
    """A part of a connection: what is on it, each item's cursor, and whether there is more."""

    nodes: Sequence[Source]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool


@dataclass(frozen=True)
class Selected:
    """One field of a response object: how it is read, and its cost before execution.

    `unit` is the cost of one item of a connection; 0 for anything else.
    """

    key: str
    read: Read
    cost: int
    unit: int = 0


@dataclass(frozen=True)
class Plan:
    """A request ready to run on a root record."""

    fields: tuple[Selected, ...]

    @property
    def cost(self) -> int:
        """requestedQueryCost: what the query could cost at most."""
        return sum(selected.cost for selected in self.fields)

    def run(self, root: Source) -> tuple[dict[str, Any], int]:
        """The data, and the actual cost: by the sizes of the lists that really came."""
        data = {selected.key: selected.read(root) for selected in self.fields}
        return data, sum(_actual(selected, data[selected.key]) for selected in self.fields)


def _actual(selected: Selected, value: Any) -> int:
    if not selected.unit:
        return selected.cost if value is not None else 0
    sizes = [len(value[name]) for name in ("nodes", "edges") if name in value]
    return _list_cost(selected.unit, max(sizes, default=0))


def _list_cost(unit: int, size: int) -> int:
    # Shopify does not publish its formula; since 2023 a longer page costs less than proportionally
    # (250 items of 2 points each cost 24). This one reproduces that.
    return 2 + unit * (0 if not size else min(size, round(2 * math.log(max(size, 2)))))


@dataclass
class Engine:
    """A schema, and the requests that it has parsed and validated."""

    schema: GraphQLSchema

    @classmethod
    def load(cls, path: Path) -> Engine:
        """The engine of a schema file."""
        return cls(build_schema(path.read_text()))

    def plan(self, query: str, variables: Mapping[str, Any], operation: str | None) -> Plan:
        """A request ready to run. Raises QueryError as Shopify words it."""
        document, errors = _checked(self.schema, query)
        if errors:
            raise QueryError(*(_worded(error) for error in errors))
        return _Compiler(self.schema, document, operation, dict(variables)).plan()


@lru_cache(maxsize=256)
def _checked(schema: GraphQLSchema, query: str) -> tuple[DocumentNode, list[GraphQLError]]:
    try:
        document = parse(query)
    except GraphQLError as error:
        return DocumentNode(definitions=()), [error]
    return document, validate(schema, document)


def _worded(error: GraphQLError) -> dict[str, Any]:
    places = [{"line": place.line, "column": place.column} for place in error.locations or []]
    unknown = UNKNOWN_FIELD.search(error.message)
    if unknown is None:
        return {"message": error.message, "locations": places}
    name, owner = unknown.groups()
    return {
        "message": f"Field '{name}' doesn't exist on type '{owner}'",
        "locations": places,
        "extensions": {"code": "undefinedField", "typeName": owner, "fieldName": name},
    }


def failure(message: str, code: str, path: Sequence[str] = (), **extensions: Any) -> dict[str, Any]:
    """One entry of `errors` with a code, in Shopify's shape."""
    error: dict[str, Any] = {"message": message, "extensions": {"code": code, **extensions}}
    if path:
        error["path"] = list(path)
    return error


@dataclass
class _Compiler:
    schema: GraphQLSchema
    document: DocumentNode
    operation: str | None
    raw: dict[str, Any]
    variables: dict[str, Any] = field(default_factory=dict)
    fragments: dict[str, FragmentDefinitionNode] = field(default_factory=dict)

    def plan(self) -> Plan:
        """The operation's plan."""
        operation = self._operation()
        values = get_variable_values(self.schema, operation.variable_definitions or [], self.raw)
        if isinstance(values, list):
            raise QueryError(*({"message": error.message} for error in values))
        self.variables = values
        root = self.schema.query_type
        if root is None or operation.operation.value != "query":
            raise QueryError({"message": "Schema is not configured for mutations"})
        return Plan(self._fields(root, [operation.selection_set], ("query",)))

    def _operation(self) -> OperationDefinitionNode:
        operations = []
        for definition in self.document.definitions:
            if isinstance(definition, FragmentDefinitionNode):
                self.fragments[definition.name.value] = definition
            elif isinstance(definition, OperationDefinitionNode):
                operations.append(definition)
        for operation in operations:
            if self.operation is None or (
                operation.name is not None and operation.name.value == self.operation
            ):
                return operation
        raise QueryError({"message": f'No operation named "{self.operation}"'})

    def _fields(
        self, owner: GraphQLObjectType, sets: Sequence[SelectionSetNode], path: tuple[str, ...]
    ) -> tuple[Selected, ...]:
        nodes: dict[str, list[FieldNode]] = {}
        for selections in sets:
            self._collect(owner, selections, nodes)
        return tuple(self._field(owner, key, same, (*path, key)) for key, same in nodes.items())

    def _collect(
        self,
        owner: GraphQLObjectType,
        selections: SelectionSetNode,
        into: dict[str, list[FieldNode]],
    ) -> None:
        for node in selections.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                into.setdefault(key, []).append(node)
                continue
            fragment: InlineFragmentNode | FragmentDefinitionNode
            if isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
            elif isinstance(node, InlineFragmentNode):
                fragment = node
            condition = fragment.type_condition
            if condition is None or self._applies(condition.name.value, owner):
                self._collect(owner, fragment.selection_set, into)

    def _included(self, node: Any) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not (skip and skip["if"]) and (not include or bool(include["if"]))

    def _applies(self, condition: str, owner: GraphQLObjectType) -> bool:
        named = self.schema.get_type(condition)
        if named is owner:
            return True
        if not isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
            return False
        return self.schema.is_sub_type(named, owner)

    def _field(
        self, owner: GraphQLObjectType, key: str, nodes: list[FieldNode], path: tuple[str, ...]
    ) -> Selected:
        name = nodes[0].name.value
        if name == "__typename":
            typename = owner.name
            return Selected(key, lambda _: typename, 0)
        definition = owner.fields[name]
        arguments = get_argument_values(definition, nodes[0], self.variables)
        named = get_named_type(definition.type)
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        if is_leaf_type(named):
            return Selected(key, _with_arguments(name, definition, arguments), 0)
        if named.name.endswith("Connection"):
            return self._connection(key, name, named, sets, arguments, path)
        build, cost = self._object(named, sets, path)
        if isinstance(get_nullable_type(definition.type), GraphQLList):
            return Selected(key, _list(name, build, arguments), cost)
        return Selected(key, _one(_with_arguments(name, definition, arguments), build), cost)

    def _object(
        self, named: GraphQLNamedType, sets: Sequence[SelectionSetNode], path: tuple[str, ...]
    ) -> tuple[Read, int]:
        if isinstance(named, GraphQLObjectType):
            return _builder(self._fields(named, sets, path))
        if not isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
            raise TypeError(f"{named} has no fields")
        plans = {
            possible.name: _builder(self._fields(possible, sets, path))
            for possible in self.schema.get_possible_types(named)
        }

        def build(source: Source) -> Any:
            return plans[source["__typename"]][0](source)

        return build, max(cost for _, cost in plans.values())

    def _connection(
        self,
        key: str,
        name: str,
        named: GraphQLNamedType,
        sets: Sequence[SelectionSetNode],
        arguments: dict[str, Any],
        path: tuple[str, ...],
    ) -> Selected:
        size = _page_size(name, arguments, path)
        if not isinstance(named, GraphQLObjectType):
            raise TypeError(f"{named} is not an object type")
        parts: dict[str, list[FieldNode]] = {}
        for selections in sets:
            self._collect(named, selections, parts)
        reads: list[tuple[str, Callable[[Page], Any]]] = []
        unit = 0
        for part_key, nodes in parts.items():
            read, cost = self._part(named, nodes, (*path, part_key))
            reads.append((part_key, read))
            unit = max(unit, cost)

        def read_page(source: Source) -> Any:
            value = source[name]
            if value is None:
                return None
            page = value(arguments) if callable(value) else sliced(value, arguments)
            return {part_key: read(page) for part_key, read in reads}

        return Selected(key, read_page, _list_cost(unit, size), unit)

    def _part(
        self, named: GraphQLObjectType, nodes: list[FieldNode], path: tuple[str, ...]
    ) -> tuple[Callable[[Page], Any], int]:
        name = nodes[0].name.value
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        if name == "__typename":
            return (lambda _: named.name), 0
        inner = get_named_type(named.fields[name].type)
        if name == "nodes":
            build, cost = self._object(inner, sets, path)
            return (lambda page: [build(node) for node in page.nodes]), cost
        if not isinstance(inner, GraphQLObjectType):
            raise TypeError(f"{inner} is not an object type")
        if name == "pageInfo":
            info, _ = _builder(self._fields(inner, sets, path))
            return (lambda page: info(_page_info(page))), 0
        fields = self._fields(inner, sets, path)
        edge, _ = _builder(fields)
        cost = sum(selected.cost for selected in fields)
        return (lambda page: [edge(item) for item in _edges(page)]), cost


def _builder(fields: tuple[Selected, ...]) -> tuple[Read, int]:
    pairs = tuple((selected.key, selected.read) for selected in fields)

    def build(source: Source) -> Any:
        return {key: read(source) for key, read in pairs}

    return build, 1 + sum(selected.cost for selected in fields)


def _with_arguments(name: str, definition: GraphQLField, arguments: dict[str, Any]) -> Read:
    if not definition.args:
        return itemgetter(name)

    def read(source: Source) -> Any:
        value = source[name]
        return value(arguments) if callable(value) else value

    return read


def _one(read: Read, build: Read) -> Read:
    def read_object(source: Source) -> Any:
        value = read(source)
        return None if value is None else build(value)

    return read_object


def _list(name: str, build: Read, arguments: dict[str, Any]) -> Read:
    first = arguments.get("first")

    def read(source: Source) -> Any:
        return [build(item) for item in source[name][:first]]

    return read


def _page_size(name: str, arguments: dict[str, Any], path: tuple[str, ...]) -> int:
    size = arguments.get("first", arguments.get("last"))
    if size is None:
        message = "you must provide one of first or last"
        raise QueryError(failure(message, "BAD_REQUEST", path))
    if not 0 <= size <= MAX_PAGE:
        message = f"The page size of {name} must be between 0 and {MAX_PAGE}, not {size}"
        raise QueryError(failure(message, "BAD_REQUEST", path))
    return int(size)


def sliced(items: Sequence[Source], arguments: Mapping[str, Any]) -> Page:
    """A page of a short list that is all at hand, such as an order's lines."""
    if arguments.get("reverse"):
        items = items[::-1]
    start, end = 0, len(items)
    if arguments.get("after"):
        start = _position(arguments["after"]) + 1
    if arguments.get("before"):
        end = _position(arguments["before"])
    if arguments.get("first") is not None:
        end = min(end, start + arguments["first"])
    elif arguments.get("last") is not None:
        start = max(start, end - arguments["last"])
    cursors = [_cursor(position) for position in range(start, end)]
    return Page(items[start:end], cursors, end < len(items), start > 0)


def _cursor(position: int) -> str:
    return base64.b64encode(b"position:%d" % position).decode()


def _position(cursor: str) -> int:
    try:
        return int(base64.b64decode(cursor).removeprefix(b"position:"))
    except ValueError:
        raise QueryError(failure(f"Invalid cursor: {cursor}", "BAD_REQUEST")) from None


def _page_info(page: Page) -> dict[str, Any]:
    return {
        "hasNextPage": page.has_next,
        "hasPreviousPage": page.has_previous,
        "startCursor": page.cursors[0] if page.cursors else None,
        "endCursor": page.cursors[-1] if page.cursors else None,
    }


def _edges(page: Page) -> list[dict[str, Any]]:
    return [
        {"cursor": cursor, "node": node}
        for cursor, node in zip(page.cursors, page.nodes, strict=True)
    ]
