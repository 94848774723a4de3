"""What every model of this package has in common."""

import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from typing_extensions import override


class Model(BaseModel):
    """Immutable, camelCase on the wire, and strict about fields it does not know."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        extra="forbid",
        frozen=True,
        defer_build=True,
        hide_input_in_errors=True,  # it may be a secret, and tracebacks go to logs
    )

    @classmethod
    @override
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler, /
    ) -> dict[str, Any]:
        """Describe each field by the docstring below it.

        Read when a schema is asked for, and not with `use_attribute_docstrings` when the class is
        made: reading the source of each class was a sixth of the time in which a command starts.
        """
        node = handler(core_schema)
        properties = handler.resolve_ref_schema(node).get("properties", {})
        for name, text in _field_docstrings(cls):
            for key in {to_camel(name), name} & properties.keys():
                field = properties[key]
                if handler.resolve_ref_schema(field).get("description") != text:
                    field.setdefault("description", text)
        return node


def _field_docstrings(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Each field that has a docstring, with it; of a field declared again the nearest first."""
    for kind in model.__mro__:
        if issubclass(kind, Model) and kind is not Model:
            [statement] = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
            yield from _docstrings(statement)


def _docstrings(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    body = statement.body if isinstance(statement, ast.ClassDef) else []
    for field, below in itertools.pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, inspect.cleandoc(text)
            case _:
                pass  # anything else describes no field
