"""Requests that Hypothesis makes up: tables, items and calls, valid and not.

Each is a pair of a method's name and its parameters, without the table's name. They
draw from few names, keys and values, so that calls meet each other's items, and from
values that are wrong in every way that the service has words for.
"""

from typing import Any

from hypothesis import strategies as st

Call = tuple[str, dict[str, Any]]

NAMES = ("a", "b", "city")  # `city` is an index's key
TABLES: list[dict[str, Any]] = [
    {"keys": (("id", "S"),)},
    {"keys": (("id", "S"), ("at", "N"))},
    {"keys": (("id", "B"), ("at", "S"))},
    {"keys": (("id", "N"),), "index": (("city", "S"),)},
    {"keys": (("id", "S"), ("at", "N")), "index": (("city", "S"), ("at", "N"))},
]

texts = st.sampled_from(["", "a", "ab", "b", "é"])
numbers = st.sampled_from(
    ["0", "-0", "1", "1.50", "-2", "10", "1e2", "0.001", "1E-130", "9" * 38]
)
wrong_numbers = st.sampled_from(["", "x", "1e126", "1E-131", "1" * 39, "NaN", " 1"])
binaries = st.sampled_from([b"", b"\x00", b"a", b"\xff"])
scalars = st.one_of(
    texts.map(lambda text: {"S": text}),
    numbers.map(lambda number: {"N": number}),
    binaries.map(lambda content: {"B": content}),
    st.booleans().map(lambda truth: {"BOOL": truth}),
    st.just({"NULL": True}),
)
sets = st.one_of(
    st.lists(texts, min_size=1, max_size=3, unique=True).map(lambda m: {"SS": m}),
    st.sampled_from([["1", "2"], ["1.0", "3"], ["-1"]]).map(lambda m: {"NS": m}),
    st.lists(binaries, min_size=1, max_size=2, unique=True).map(lambda m: {"BS": m}),
)
numeric = numbers.map(lambda number: {"N": number})
values: st.SearchStrategy[Any] = st.recursive(
    scalars | sets,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda members: {"L": members}),
        st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2).map(
            lambda content: {"M": content}
        ),
    ),
    max_leaves=5,
)
lists = st.lists(scalars, max_size=2).map(lambda members: {"L": members})
wrong_values = st.one_of(
    wrong_numbers.map(lambda number: {"N": number}),
    st.sampled_from(
        [
            {},
            {"NULL": False},
            {"SS": []},
            {"SS": ["a", "a"]},
            {"NS": ["1", "1.0"]},
            {"S": "a", "N": "1"},
        ]
    ),
)


def any_value(draw: st.DrawFn) -> Any:
    """A value, wrong once in a while."""
    return draw(values if draw(st.integers(0, 19)) else wrong_values)


@st.composite
def keys(draw: st.DrawFn, table: dict[str, Any]) -> Any:
    """A key of the table, with few values so that it is met again; seldom wrong."""
    of_type: dict[str, list[Any]] = {
        "S": ["a", "b"],
        "N": ["1", "2", "-1.0"],
        "B": [b"a", b"\x00"],
    }
    key = {
        name: {kind: draw(st.sampled_from(of_type[kind]))}
        for name, kind in table["keys"]
    }
    if draw(st.integers(0, 19)) == 0:
        name = draw(st.sampled_from([name for name, _ in table["keys"]]))
        others: list[Any] = [None, {"S": ""}, {"N": "7"}, {"BOOL": True}]
        wrong = draw(st.sampled_from(others))
        if wrong is None:
            del key[name]
        else:
            key[name] = wrong
    return key


@st.composite
def items(draw: st.DrawFn, table: dict[str, Any]) -> Any:
    """A whole item."""
    names = draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True))
    return {**draw(keys(table)), **{name: any_value(draw) for name in names}}


class Expression:
    """An expression's text in the making, with the values that it names."""

    def __init__(self, draw: st.DrawFn, request: dict[str, Any]) -> None:
        self._draw, self._request = draw, request

    def value(self, of: st.SearchStrategy[Any] = values) -> str:
        """A placeholder of a new value, mostly of a strategy."""
        given = self._request.setdefault("ExpressionAttributeValues", {})
        name = f":v{len(given)}"
        kept = self._draw(st.integers(0, 9))
        given[name] = self._draw(of) if kept else any_value(self._draw)
        return name

    def path(self) -> str:
        """A path of an item, at times by a placeholder."""
        head = self._draw(st.sampled_from(["a", "a", "b", "#c", "city"]))
        if head == "#c":
            names = self._request.setdefault("ExpressionAttributeNames", {})
            names["#c"] = "city"
        rest = self._draw(st.sampled_from([""] * 9 + ["[0]", "[1]", ".a"]))
        return head + rest

    def operand(self) -> str:
        """What a condition compares."""
        kind = self._draw(st.integers(0, 5))
        if kind == 0:
            return f"size({self.path()})"
        return self.path() if kind < 3 else self.value()

    def condition(self, depth: int = 2) -> str:
        """A condition of few operators."""
        kind = self._draw(st.integers(0, 9 if depth else 6))
        match kind:
            case 0 | 1:
                operator = self._draw(
                    st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
                )
                return f"{self.operand()} {operator} {self.operand()}"
            case 2:
                function = self._draw(
                    st.sampled_from(["attribute_exists", "attribute_not_exists"])
                )
                return f"{function}({self.path()})"
            case 3:
                function = self._draw(st.sampled_from(["begins_with", "contains"]))
                return f"{function}({self.path()}, {self.operand()})"
            case 4:
                return f"{self.operand()} BETWEEN {self.operand()} AND {self.operand()}"
            case 5:
                return f"{self.operand()} IN ({self.operand()}, {self.operand()})"
            case 6:
                given = self._request.setdefault("ExpressionAttributeValues", {})
                given[":type"] = {
                    "S": self._draw(st.sampled_from(["S", "N", "L", "x"]))
                }
                return f"attribute_type({self.path()}, :type)"
            case 7:
                return f"NOT ({self.condition(depth - 1)})"
        joined = "AND" if kind == 8 else "OR"
        return f"{self.condition(depth - 1)} {joined} {self.condition(depth - 1)}"

    def assigned(self) -> str:
        """What SET assigns."""
        match self._draw(st.integers(0, 5)):
            case 0:
                operator = self._draw(st.sampled_from(["+", "-"]))
                return f"{self.path()} {operator} {self.value(numeric)}"
            case 1:
                return f"if_not_exists({self.path()}, {self.value()})"
            case 2:
                return f"list_append({self.path()}, {self.value(lists)})"
            case 3:
                return self.path()
        return self.value()

    def update(self) -> str:
        """An update of one to three sections.

        One of them sets: of what only removes, DynamoDB Local makes an item, and AWS
        does not.
        """
        sections = []
        names = self._draw(
            st.lists(
                st.sampled_from(["REMOVE", "ADD", "DELETE"]), max_size=2, unique=True
            )
        )
        for name in ["SET", *names]:
            actions = []
            for _ in range(self._draw(st.integers(1, 2))):
                match name:
                    case "SET":
                        actions.append(f"{self.path()} = {self.assigned()}")
                    case "REMOVE":
                        actions.append(self.path())
                    case "ADD":
                        actions.append(f"{self.path()} {self.value(numeric | sets)}")
                    case _:
                        actions.append(f"{self.path()} {self.value(sets)}")
            sections.append(f"{name} {', '.join(actions)}")
        return " ".join(sections)

    def projection(self) -> str:
        """One or two paths."""
        return ", ".join(self.path() for _ in range(self._draw(st.integers(1, 2))))


@st.composite
def single_writes(draw: st.DrawFn, table: dict[str, Any], kind: str) -> Any:
    """What a put, an update or a delete is given: alone, or in a transaction."""
    part = "Item" if kind == "Put" else "Key"
    request: dict[str, Any] = {part: draw((items if kind == "Put" else keys)(table))}
    expression = Expression(draw, request)
    if kind == "Update":
        request["UpdateExpression"] = expression.update()
    if kind == "ConditionCheck" or draw(st.integers(0, 2)) == 0:
        request["ConditionExpression"] = expression.condition()
    if draw(st.integers(0, 5)) == 0:
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return request


@st.composite
def calls(draw: st.DrawFn, table: dict[str, Any]) -> Call:
    """A call of any operation on items."""
    method = draw(
        st.sampled_from(
            [
                "put_item",
                "put_item",
                "update_item",
                "update_item",
                "update_item",
                "delete_item",
                "get_item",
                "query",
                "scan",
                "transact_write_items",
            ]
        )
    )
    request: dict[str, Any] = {}
    match method:
        case "put_item" | "update_item" | "delete_item":
            kind = {"p": "Put", "u": "Update", "d": "Delete"}[method[0]]
            request = draw(single_writes(table, kind))
            if draw(st.booleans()):
                request["ReturnValues"] = draw(
                    st.sampled_from(
                        ["ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"]
                    )
                )
        case "get_item":
            request["Key"] = draw(keys(table))
            if draw(st.booleans()):
                expression = Expression(draw, request)
                request["ProjectionExpression"] = expression.projection()
        case "query" | "scan":
            request = _read(draw, table, method)
        case "transact_write_items":
            kinds = st.sampled_from(["Put", "Update", "Delete", "ConditionCheck"])
            request["TransactItems"] = [
                {kind: draw(single_writes(table, kind))}
                for kind in draw(st.lists(kinds, min_size=1, max_size=3))
            ]
    return method, request


def _read(draw: st.DrawFn, table: dict[str, Any], method: str) -> dict[str, Any]:
    request: dict[str, Any] = {}
    key = table["keys"]
    if "index" in table and draw(st.booleans()):
        request["IndexName"] = "by-city"
        key = table["index"]
    expression = Expression(draw, request)
    if method == "query":
        given = {":hash": draw(keys({"keys": (key[0],)})).get(key[0][0], {"S": "a"})}
        condition = f"{key[0][0]} = :hash"
        if len(key) > 1 and draw(st.booleans()):
            name, kind = key[1]
            given[":sort"] = draw(keys({"keys": ((name, kind),)})).get(name, {"S": "x"})
            operator = draw(st.sampled_from(["=", "<", "<=", ">", ">="]))
            condition += f" AND #sort {operator} :sort"
            request["ExpressionAttributeNames"] = {"#sort": name}
        request["KeyConditionExpression"] = condition
        request["ExpressionAttributeValues"] = given
        request["ScanIndexForward"] = draw(st.booleans())
    if draw(st.booleans()):
        request["FilterExpression"] = expression.condition()
    if draw(st.integers(0, 3)) == 0:
        request["ProjectionExpression"] = expression.projection()
    elif draw(st.integers(0, 3)) == 0:
        request["Select"] = "COUNT"
    return request
