"""Expressions from text to the trees of `nodes`.

    update     = section { section }              each section once
    section    = SET set {, set} | REMOVE path {, path}
               | ADD path :value {, path :value}
               | DELETE path :value {, path :value}
    set        = path = sum
    sum        = operand [ (+|-) operand ] | ( sum )
    condition  = condition OR condition | condition AND condition
               | NOT condition | ( condition ) | function
               | operand (=|<>|<|<=|>|>=) operand
               | operand BETWEEN operand AND operand
               | operand IN ( operand {, operand} )
    projection = path {, path}
    operand    = path | :value | function | ( operand )
    function   = name ( operand {, operand} )
    path       = attribute { . attribute | [ number ] }
    attribute  = name | #name

NOT binds tightest, then AND, then OR. Keywords may be in any case, functions may
not. A key condition is parsed as a condition; `evaluate.key_condition` says what of
it a query can use.

The grammar is DynamoDB's, faults included: they come in its order (first what is no
sentence at all, then the rest by the ranks below) and in its words. What depends on
a request's names and values is not known here; `expressions` looks at that.
Results depend on the text alone, so they are kept.
"""

from collections.abc import Sequence
from functools import lru_cache

from footfall.embedded.exceptions import ValidationException
from footfall.embedded.lexer import Token, tokens
from footfall.embedded.nodes import (
    And,
    Arithmetic,
    Between,
    Check,
    Comparison,
    Condition,
    Function,
    In,
    Not,
    Operand,
    Or,
    Path,
    Projection,
    SetAction,
    Test,
    Update,
    Value,
    ValueAction,
)
from footfall.embedded.reserved_words import RESERVED_WORDS

EXPRESSION_BYTES_MAX = 4096
OPERATORS_MAX = 300
IN_OPERANDS_MAX = 100  # the left one included
PATH_ELEMENTS_MAX = 32
INDEX_MAX = 2**31 - 1
CACHED_MAX = 1024  # expressions of each kind; a program has a few dozen

# A group within a group needs an operator of its own, or it is redundant
_GROUPS_MAX = OPERATORS_MAX
_CALLS_MAX = 100  # functions within functions; keeps within Python's stack

_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
_STRENGTHS = {"OR": 1, "AND": 2}
_CONDITION_KEYWORDS = frozenset(("AND", "OR", "NOT", "BETWEEN", "IN"))
_SECTIONS = frozenset(("SET", "REMOVE", "ADD", "DELETE"))

_CONDITION_FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
}
_UPDATE_FUNCTIONS = {"if_not_exists": 2, "list_append": 2}
_FUNCTIONS = _CONDITION_FUNCTIONS.keys() | _UPDATE_FUNCTIONS.keys()
_NEED_PATH = ("attribute_exists", "attribute_not_exists", "if_not_exists")

# The order in which DynamoDB reports what is wrong with a well-formed expression
_PARENTHESES, _UNKNOWN, _MISUSED, _RESERVED, _SECTION, _OPERANDS = range(6)

Expression = Update | Condition | Projection


@lru_cache(maxsize=CACHED_MAX)
def parse_update(text: str) -> Update:
    """Return an UpdateExpression's tree.

    Raises:
        ValidationException: DynamoDB's words, "Invalid UpdateExpression: ...".
    """
    return _Parser(text, "UpdateExpression", _UPDATE_FUNCTIONS, _SECTIONS).update()


@lru_cache(maxsize=CACHED_MAX)
def parse_condition(text: str, parameter: str = "ConditionExpression") -> Condition:
    """Return a condition's tree.

    Args:
        text: The expression.
        parameter: The request's parameter that it came in, for the messages.

    Raises:
        ValidationException: DynamoDB's words, "Invalid ...Expression: ...".
    """
    return _Parser(
        text, parameter, _CONDITION_FUNCTIONS, _CONDITION_KEYWORDS
    ).condition()


@lru_cache(maxsize=CACHED_MAX)
def parse_projection(text: str) -> Projection:
    """Return a ProjectionExpression's tree.

    Raises:
        ValidationException: DynamoDB's words, "Invalid ProjectionExpression: ...".
    """
    return _Parser(text, "ProjectionExpression", {}, frozenset()).projection()


def parse_key_condition(text: str) -> Condition:
    """Return a KeyConditionExpression's tree; see `evaluate.key_condition`."""
    return parse_condition(text, "KeyConditionExpression")


class _Parser:
    """One pass over one expression: where it is, and what it has met."""

    def __init__(
        self,
        text: str,
        parameter: str,
        functions: dict[str, int],
        keywords: frozenset[str],
    ) -> None:
        self._text, self._parameter = text, parameter
        self._functions, self._keywords = functions, keywords
        self._names: dict[str, None] = {}
        self._values: dict[str, None] = {}
        self._checks: list[Check] = []
        self._faults: dict[int, str] = {}
        self._operators = 0
        self._groups = 0
        self._calls = 0
        if not text.strip():
            raise self._error("The expression can not be empty;")
        size = len(text.encode(errors="replace"))
        if size > EXPRESSION_BYTES_MAX:
            raise self._error(
                "Expression size has exceeded the maximum allowed size;"
                f" expression size: {size}"
            )
        self._tokens = tokens(text)
        self._at = 0

    # The three kinds of expression

    def update(self) -> Update:
        """Parse an update to its end."""
        sets: list[SetAction] = []
        removes: list[Path] = []
        values: dict[str, list[ValueAction]] = {"ADD": [], "DELETE": []}
        paths: list[Path] = []
        seen: set[str] = set()
        while True:
            section = self._next().text.upper()
            if section not in _SECTIONS:
                raise self._syntax_error()
            self._advance()
            if section in seen:
                self._fault(
                    _SECTION,
                    f'The "{section}" section can only be used once in an update'
                    " expression;",
                )
            seen.add(section)
            while True:
                path = self._path()
                paths.append(path)
                if section == "SET":
                    sets.append(self._set(path))
                elif section == "REMOVE":
                    removes.append(path)
                else:
                    values[section].append(self._value_action(section, path))
                if not self._take(","):
                    break
            if self._next().kind == "end":
                break
        self._finish()
        return Update(
            tuple(sets),
            tuple(removes),
            tuple(values["ADD"]),
            tuple(values["DELETE"]),
            tuple(paths),
            tuple(self._names),
            tuple(self._values),
            tuple(self._checks),
            _deep([*paths, *(path for each in sets for path in _paths(each.operand))]),
        )

    def condition(self) -> Condition:
        """Parse a condition to its end."""
        test = self._test(self._expression(0))
        self._require_end()
        if self._redundant():
            self._fault(_PARENTHESES, "The expression has redundant parentheses;")
        self._finish()
        paths = tuple(_paths(test))
        return Condition(
            test,
            self._parameter,
            paths,
            tuple(self._names),
            tuple(self._values),
            tuple(self._checks),
            _deep(paths),
        )

    def projection(self) -> Projection:
        """Parse a projection to its end."""
        paths = [self._path()]
        while self._take(","):
            paths.append(self._path())
        self._require_end()
        self._finish()
        return Projection(tuple(paths), tuple(self._names), deep=_deep(paths))

    # Updates

    def _set(self, path: Path) -> SetAction:
        self._expect("=")
        self._count_operator()
        return SetAction(path, self._sum())

    def _sum(self) -> Operand | Arithmetic:
        if self._next().text == "(":
            self._open()
            left = self._sum()
            self._close()
        else:
            left = self._operand()
        operator = self._next().text
        if operator not in ("+", "-") or isinstance(left, Arithmetic):
            return left
        self._advance()
        self._count_operator()
        right = self._operand()
        self._checks.append(Check(operator, (left, right)))
        return Arithmetic(operator, left, right)

    def _value_action(self, section: str, path: Path) -> ValueAction:
        token = self._next()
        if token.kind != "value":
            raise self._syntax_error()
        self._count_operator()
        value = self._value()
        self._checks.append(Check(section, (value,)))
        return ValueAction(path, value)

    # Conditions

    def _expression(self, strength: int) -> Test | Operand:
        """Parse what binds tighter than `strength`; perhaps just an operand.

        One function and not one for each rule, so that 300 operators nested in one
        another stay well within Python's stack.
        """
        negations = 0
        while self._keyword() == "NOT":
            self._advance()
            self._count_operator()
            negations += 1
        node: Test | Operand
        if self._next().text == "(":
            self._open()
            node = self._expression(0)
            self._close()
        else:
            node = self._operand()
        node = self._comparison(node)
        for _ in range(negations):
            node = Not(self._test(node))
        while _STRENGTHS.get(keyword := self._keyword(), 0) > strength:
            terms = [self._test(node)]
            while self._keyword() == keyword:
                self._advance()
                self._count_operator()
                terms.append(self._test(self._expression(_STRENGTHS[keyword])))
            node = And(tuple(terms)) if keyword == "AND" else Or(tuple(terms))
        return node

    def _test(self, node: Test | Operand) -> Test:
        """Insist that the node says true or false."""
        if isinstance(node, Path | Value):
            raise self._syntax_error()
        if isinstance(node, Function) and node.name == "size":
            self._misused(node)
        return node

    def _comparison(self, left: Test | Operand) -> Test | Operand:
        if not isinstance(left, Path | Value | Function):
            return left
        operator = self._next().text.upper()
        operands: tuple[Operand, ...]
        if operator in _COMPARATORS:
            self._advance()
            operands = (left, self._operand())
            node: Test = Comparison(operator, *operands)
        elif operator == "BETWEEN":
            self._advance()
            lower = self._operand()
            self._expect_keyword("AND")
            operands = (left, lower, self._operand())
            node = Between(*operands)
        elif operator == "IN":
            self._advance()
            self._expect("(")
            operands = (left, *self._list())
            if len(operands) > IN_OPERANDS_MAX:
                self._wrong_count("IN", len(operands))
            node = In(left, operands[1:])
        else:
            return left
        self._count_operator()
        self._values_only(operands)
        self._checks.append(Check(operator, operands))
        return node

    # Operands

    def _operand(self) -> Operand:
        token = self._next()
        if token.kind == "value":
            return self._value()
        if token.text == "(":
            self._open()
            operand = self._operand()
            self._close()
            return operand
        if token.kind == "name" and self._tokens[self._at + 1].text == "(":
            return self._function()
        return self._path()

    def _value(self) -> Value:
        name = self._advance().text
        self._values[name] = None
        return Value(name)

    def _function(self) -> Function:
        name = self._next().text
        if name.upper() in self._keywords:
            raise self._syntax_error()
        self._advance()
        self._advance()
        self._calls += 1
        if self._calls > _CALLS_MAX:
            raise self._error("The expression is nested too deeply;")
        operands = self._list()
        self._calls -= 1
        function = Function(name, operands)
        self._values_only(operands)
        count = self._functions.get(name)
        if count is None and name in _FUNCTIONS:
            self._misused(function)
        elif count is None:
            self._fault(_UNKNOWN, f"Invalid function name; function: {name}")
        elif count != len(operands):
            self._wrong_count(name, len(operands))
        elif name in _NEED_PATH and not isinstance(operands[0], Path):
            self._fault(
                _OPERANDS,
                "Operator or function requires a document path; operator or"
                f" function: {name}",
            )
        elif name not in _NEED_PATH:
            self._checks.append(Check(name, operands))
        return function

    def _list(self) -> tuple[Operand, ...]:
        """Parse operands up to the closing parenthesis, that included."""
        operands = [self._operand()]
        while self._take(","):
            operands.append(self._operand())
        self._expect(")")
        return tuple(operands)

    def _values_only(self, operands: Sequence[Operand]) -> None:
        """Report an operand that is a function with no value to give."""
        for operand in operands:
            if isinstance(operand, Function):
                if operand.name not in ("size", "if_not_exists"):
                    self._misused(operand)

    def _path(self) -> Path:
        elements: list[str | int] = [self._attribute()]
        while True:
            if self._take("."):
                elements.append(self._attribute())
            elif self._take("["):
                elements.append(self._index())
                self._expect("]")
            else:
                break
        if len(elements) > PATH_ELEMENTS_MAX:
            self._fault(
                _OPERANDS,
                "The document path has too many nesting elements; nesting levels:"
                f" {len(elements)}",
            )
        return Path(tuple(elements))

    def _attribute(self) -> str:
        token = self._next()
        if token.kind == "attribute":
            self._names[token.text] = None
        elif token.kind != "name" or token.text.upper() in self._keywords:
            raise self._syntax_error()
        elif token.text.upper() in RESERVED_WORDS:
            self._fault(
                _RESERVED,
                f"Attribute name is a reserved keyword; reserved keyword: {token.text}",
            )
        return self._advance().text

    def _index(self) -> int:
        token = self._next()
        if token.kind != "number":
            raise self._syntax_error()
        index = int(self._advance().text)
        if index > INDEX_MAX:
            raise self._error(
                f"List index is not within the allowable range; index: [{index}]"
            )
        return index

    # Tokens

    def _next(self) -> Token:
        return self._tokens[self._at]

    def _advance(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _take(self, symbol: str) -> bool:
        if self._tokens[self._at].text != symbol:
            return False
        self._at += 1
        return True

    def _expect(self, symbol: str) -> None:
        if not self._take(symbol):
            raise self._syntax_error()

    def _expect_keyword(self, keyword: str) -> None:
        if self._keyword() != keyword:
            raise self._syntax_error()
        self._advance()

    def _keyword(self) -> str:
        """Return the keyword that comes next, in capitals, or nothing."""
        token = self._tokens[self._at]
        word = token.text.upper()
        return word if token.kind == "name" and word in self._keywords else ""

    def _open(self) -> None:
        self._advance()
        self._groups += 1
        if self._groups > _GROUPS_MAX:
            raise self._error("The expression has redundant parentheses;")

    def _close(self) -> None:
        self._expect(")")
        self._groups -= 1

    def _require_end(self) -> None:
        if self._next().kind != "end":
            raise self._syntax_error()

    def _redundant(self) -> bool:
        """Say whether a group holds nothing but another group."""
        opened: list[int] = []
        closes: dict[int, int] = {}
        for at, token in enumerate(self._tokens):
            if token.text == "(":
                opened.append(at)
            elif token.text == ")":
                closes[opened.pop()] = at
        return any(
            closes.get(at + 1) == end - 1 and not self._is_list(at)
            for at, end in closes.items()
        )

    def _is_list(self, at: int) -> bool:
        """Say whether the parenthesis opens a function's or IN's operands."""
        before = self._tokens[at - 1]
        return (
            at > 0
            and before.kind == "name"
            and before.text.upper() not in ("AND", "OR", "NOT", "BETWEEN")
        )

    # Faults

    def _count_operator(self) -> None:
        self._operators += 1
        if self._operators > OPERATORS_MAX:
            raise self._error(
                "The expression contains too many operators; operator count:"
                f" {self._operators}"
            )

    def _misused(self, function: Function) -> None:
        if function.name in _FUNCTIONS:
            self._fault(
                _MISUSED,
                "The function is not allowed to be used this way in an expression;"
                f" function: {function.name}",
            )

    def _wrong_count(self, name: str, count: int) -> None:
        self._fault(
            _OPERANDS,
            "Incorrect number of operands for operator or function; operator or"
            f" function: {name}, number of operands: {count}",
        )

    def _fault(self, rank: int, problem: str) -> None:
        self._faults.setdefault(rank, problem)

    def _finish(self) -> None:
        if self._faults:
            raise self._error(self._faults[min(self._faults)])

    def _syntax_error(self) -> ValidationException:
        """Name the token that stands next, and show its neighbours."""
        token = self._tokens[self._at]
        first = self._tokens[self._at - 1] if self._at else token
        last = self._tokens[min(self._at + 1, len(self._tokens) - 1)]
        near = self._text[first.start : last.end]
        return self._error(f'Syntax error; token: "{token.text}", near: "{near}"')

    def _error(self, problem: str) -> ValidationException:
        return ValidationException(f"Invalid {self._parameter}: {problem}")


def _paths(node: Test | Operand | Arithmetic) -> list[Path]:
    """Return every path of a condition, or of what SET assigns."""
    if isinstance(node, Path):
        return [node]
    children: tuple[Test | Operand, ...] = ()
    if isinstance(node, Function):
        children = node.operands
    elif isinstance(node, Comparison | Arithmetic):
        children = (node.left, node.right)
    elif isinstance(node, Between):
        children = (node.operand, node.lower, node.upper)
    elif isinstance(node, In):
        children = (node.operand, *node.candidates)
    elif isinstance(node, And | Or):
        children = node.terms
    elif isinstance(node, Not):
        children = (node.term,)
    return [path for child in children for path in _paths(child)]


def _deep(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return the paths that lead into an attribute."""
    return tuple(path for path in paths if len(path.elements) > 1)
