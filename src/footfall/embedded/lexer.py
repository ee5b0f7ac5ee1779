"""Expressions cut into tokens.

    name      [A-Za-z][A-Za-z0-9_]*       also keywords and functions
    #name     # and [A-Za-z0-9_]+         a placeholder of an attribute's name
    :name     : and [A-Za-z0-9_]+         a placeholder of a value
    number    [0-9]+                      a list's index
    symbol    ( ) [ ] , . = <> < <= > >= + -

Blanks, tabs and line ends separate tokens and mean nothing else. Anything else is
a token of kind `unknown`, which no rule of the grammar takes, so that the parser
reports it as DynamoDB does: with the token and its neighbours.
"""

import re
from typing import NamedTuple

END = "<EOF>"

_TOKEN = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<attribute>#[A-Za-z0-9_]+)"
    r"|(?P<value>:[A-Za-z0-9_]+)"
    r"|(?P<number>[0-9]+)"
    r"|(?P<symbol><>|<=|>=|[()\[\],.=<>+-])"
    r"|(?P<unknown>[^ \t\r\n])"
)


class Token(NamedTuple):
    """A token: its kind, its text, and where in the expression it stands."""

    kind: str
    text: str
    start: int
    end: int


def tokens(expression: str) -> list[Token]:
    """Return the expression's tokens; the last one is always of kind `end`."""
    found = [
        Token(str(match.lastgroup), match.group(), match.start(), match.end())
        for match in _TOKEN.finditer(expression)
    ]
    length = len(expression)
    found.append(Token("end", END, length, length))
    return found
