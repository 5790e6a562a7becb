r"""A pattern cut back to what is cheap to scan for: everything it matches, the cut pattern matches too.

Gaps (`[^.]{0,80}`, `(?:\w+ ){0,3}`) keep a scanner's states alive and multiply those of all other patterns in the
same Set. So each branch of a pattern ends at its first gap, and what is found is checked with the whole pattern.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

_MARK = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[a-zA-Z]+\)|\(\?(?:P<\w+>|[a-zA-Z-]*:)|[()|]|(?:\{\d*,?\d*\}|[*+?])\??|.",
    re.DOTALL,
)
_COUNT = re.compile(r"(?:\{\d*,?\d*\}|[*+?])\??")
_MAY_BE = frozenset({"?", "??"})


@dataclass(frozen=True, slots=True)
class _Part:
    """One element of a branch: a token or a group, and how often it stands."""

    text: str
    count: str = ""
    branches: "Sequence[Sequence[_Part]] | None" = None

    @property
    def gap(self) -> bool:
        if self.count in _MAY_BE or not self.count:
            return False
        wide = self.text in {".", r"\W", r"\S"} or self.text.startswith("[^")
        return self.branches is not None or wide or (self.text == r"\w" and self.count[0] == "{")


def loosened(pattern: str) -> str:
    """Return the cut pattern; the pattern itself where it has no gap."""
    return _cut(_parsed(_MARK.findall(pattern)))[0]


def _parsed(marks: list[str]) -> list[list[_Part]]:
    branches: list[list[_Part]] = [[]]
    stack = [branches]
    for mark in marks:
        here = stack[-1]
        if mark == "|":
            here.append([])
        elif mark == ")" and len(stack) > 1:
            stack.pop()
        elif mark.startswith("(") and not mark.endswith(")"):
            inner: list[list[_Part]] = [[]]
            here[-1].append(_Part("(?:", branches=inner))
            stack.append(inner)
        elif _COUNT.fullmatch(mark) and here[-1]:
            here[-1].append(replace(here[-1].pop(), count=mark))
        else:
            here[-1].append(_Part(mark))
    return branches


def _cut(branches: Sequence[Sequence[_Part]]) -> tuple[str, bool]:
    """Return the branches up to their first gaps, and whether there was none."""
    cut = [_cut_branch(branch) for branch in branches]
    return "|".join(text for text, _ in cut), all(whole for _, whole in cut)


def _cut_branch(branch: Sequence[_Part]) -> tuple[str, bool]:
    kept: list[str] = []
    for part in branch:
        if part.gap:
            return "".join(kept), False
        text, whole = (part.text, True) if part.branches is None else _cut(part.branches)
        if not whole and part.count in _MAY_BE:
            return "".join(kept), False
        kept.append((f"(?:{text})" if part.branches is not None else text) + part.count)
        if not whole:
            return "".join(kept), False
    return "".join(kept), True
