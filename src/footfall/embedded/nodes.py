"""The parsed expressions: frozen trees with their placeholders unresolved.

A tree depends on the expression's text alone, so that `parser` can keep it and use
it again with other names and values. `str()` of a node is its text, which parses
to an equal node.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Path:
    """A document path: names as written (`visits`, `#v`), indexes as numbers."""

    elements: tuple[str | int, ...]

    def __str__(self) -> str:
        """Return the path as it is written in an expression."""
        text = str(self.elements[0])
        for element in self.elements[1:]:
            text += f"[{element}]" if isinstance(element, int) else f".{element}"
        return text


@dataclass(frozen=True, slots=True)
class Value:
    """A placeholder of a value, such as `:inc`."""

    name: str

    def __str__(self) -> str:
        """Return the placeholder."""
        return self.name


@dataclass(frozen=True, slots=True)
class Function:
    """A function of operands: a condition, or a value in SET and for `size`."""

    name: str
    operands: "tuple[Operand, ...]"

    def __str__(self) -> str:
        """Return the call as it is written in an expression."""
        return f"{self.name}({_joined(self.operands)})"


Operand = Path | Value | Function


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A sum or a difference; only SET has it."""

    operator: str  # "+" or "-"
    left: Operand
    right: Operand

    def __str__(self) -> str:
        """Return the operation as it is written in an expression."""
        return f"{self.left} {self.operator} {self.right}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands and one of = <> < <= > >=."""

    operator: str
    left: Operand
    right: Operand

    def __str__(self) -> str:
        """Return the comparison as it is written in an expression."""
        return f"{self.left} {self.operator} {self.right}"


@dataclass(frozen=True, slots=True)
class Between:
    """A range with both ends in it."""

    operand: Operand
    lower: Operand
    upper: Operand

    def __str__(self) -> str:
        """Return the range as it is written in an expression."""
        return f"{self.operand} BETWEEN {self.lower} AND {self.upper}"


@dataclass(frozen=True, slots=True)
class In:
    """A membership in a list of operands."""

    operand: Operand
    candidates: tuple[Operand, ...]

    def __str__(self) -> str:
        """Return the membership as it is written in an expression."""
        return f"{self.operand} IN ({_joined(self.candidates)})"


@dataclass(frozen=True, slots=True)
class And:
    """Two or more conditions that must all be true."""

    terms: "tuple[Test, ...]"

    def __str__(self) -> str:
        """Return the terms, those with AND or OR in them parenthesised."""
        return " AND ".join(map(_nested, self.terms))


@dataclass(frozen=True, slots=True)
class Or:
    """Two or more conditions of which one must be true."""

    terms: "tuple[Test, ...]"

    def __str__(self) -> str:
        """Return the terms, those with AND or OR in them parenthesised."""
        return " OR ".join(map(_nested, self.terms))


@dataclass(frozen=True, slots=True)
class Not:
    """A condition that must be false."""

    term: "Test"

    def __str__(self) -> str:
        """Return the negation as it is written in an expression."""
        return f"NOT {_nested(self.term)}"


Test = Comparison | Between | In | And | Or | Not | Function


@dataclass(frozen=True, slots=True)
class SetAction:
    """`path = operand` of the SET section."""

    path: Path
    operand: Operand | Arithmetic

    def __str__(self) -> str:
        """Return the action as it is written in an expression."""
        return f"{self.path} = {self.operand}"


@dataclass(frozen=True, slots=True)
class ValueAction:
    """`path :value` of the ADD section or of the DELETE section."""

    path: Path
    value: Value

    def __str__(self) -> str:
        """Return the action as it is written in an expression."""
        return f"{self.path} {self.value}"


@dataclass(frozen=True, slots=True)
class Check:
    """What must hold of an expression's operands once they are known.

    The parser finds these once, so that a request need not walk the tree.
    `operator` is as the messages spell it; `operands` are what it was given.
    """

    operator: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Update:
    """A whole UpdateExpression."""

    sets: tuple[SetAction, ...] = ()
    removes: tuple[Path, ...] = ()
    adds: tuple[ValueAction, ...] = ()
    deletes: tuple[ValueAction, ...] = ()
    paths: tuple[Path, ...] = field(default=(), compare=False)  # in text order
    names: tuple[str, ...] = field(default=(), compare=False)
    values: tuple[str, ...] = field(default=(), compare=False)
    checks: tuple[Check, ...] = field(default=(), compare=False)
    deep: tuple[Path, ...] = field(default=(), compare=False)  # paths into attributes

    def __str__(self) -> str:
        """Return the expression, its sections in a fixed order."""
        sections = (
            ("SET", self.sets),
            ("REMOVE", self.removes),
            ("ADD", self.adds),
            ("DELETE", self.deletes),
        )
        return " ".join(
            f"{keyword} {_joined(actions)}" for keyword, actions in sections if actions
        )


@dataclass(frozen=True, slots=True)
class Condition:
    """A whole ConditionExpression, FilterExpression or KeyConditionExpression."""

    test: Test
    parameter: str = field(default="ConditionExpression", compare=False)
    paths: tuple[Path, ...] = field(default=(), compare=False)
    names: tuple[str, ...] = field(default=(), compare=False)
    values: tuple[str, ...] = field(default=(), compare=False)
    checks: tuple[Check, ...] = field(default=(), compare=False)
    deep: tuple[Path, ...] = field(default=(), compare=False)  # paths into attributes

    def __str__(self) -> str:
        """Return the condition as it is written in an expression."""
        return str(self.test)


@dataclass(frozen=True, slots=True)
class Projection:
    """A whole ProjectionExpression."""

    paths: tuple[Path, ...]
    names: tuple[str, ...] = field(default=(), compare=False)
    values: tuple[str, ...] = field(default=(), compare=False)  # always empty
    deep: tuple[Path, ...] = field(default=(), compare=False)  # paths into attributes

    def __str__(self) -> str:
        """Return the projection as it is written in an expression."""
        return _joined(self.paths)


def _joined(nodes: Iterable[object]) -> str:
    return ", ".join(map(str, nodes))


def _nested(term: Test) -> str:
    return f"({term})" if isinstance(term, And | Or | Not) else str(term)
