r"""A pattern cut back to what is cheap to scan for: everything it matches, the cut pattern matches too.

Gaps (`[^.]{0,80}`, `(?:\w+ ){0,3}`) keep a scanner's states alive and multiply those of all other patterns in the
same Set. So the branches of a pattern end at their first gap, or begin after their last; what is found is checked
with the whole pattern.
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
_FLAGS = re.compile(r"\(\?[a-zA-Z]+\)")
_NO_WIDTH = frozenset({"^", "$", r"\b", r"\A", r"\z"})


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


_Branches = Sequence[Sequence[_Part]]


def loosened(pattern: str) -> str:
    """Return the pattern up to its first gaps, or from its last ones on: the one that is met less easily.

    A pattern without a gap is returned as it is.
    """
    flags = _FLAGS.match(pattern)
    head = flags[0] if flags else ""
    branches = _parsed(_MARK.findall(pattern[len(head) :]))
    before, whole = _cut(branches)
    if whole:
        return pattern
    after, _ = _cut(branches, backward=True)
    return head + _text(max(before, after, key=_least))


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


def _cut(branches: _Branches, *, backward: bool = False) -> tuple[_Branches, bool]:
    """Return each branch up to its first gap (or from its last), and whether there was none."""
    cut = [_cut_branch(branch, backward=backward) for branch in branches]
    return [parts for parts, _ in cut], all(whole for _, whole in cut)


def _cut_branch(branch: Sequence[_Part], *, backward: bool) -> tuple[list[_Part], bool]:
    kept: list[_Part] = []
    whole = True
    for part in reversed(branch) if backward else branch:
        inner, complete = _cut(part.branches, backward=backward) if part.branches is not None else (None, True)
        if part.gap or (not complete and part.count in _MAY_BE):
            whole = False
            break
        kept.append(replace(part, branches=inner))
        if not complete:
            whole = False
            break
    return kept[::-1] if backward else kept, whole


def _text(branches: _Branches) -> str:
    return "|".join("".join(_part_text(part) for part in branch) for branch in branches)


def _part_text(part: _Part) -> str:
    return (part.text if part.branches is None else f"(?:{_text(part.branches)})") + part.count


def _least(branches: _Branches) -> int:
    """Return the length of the shortest thing that the branches match."""
    return min(sum(_part_least(part) for part in branch) for branch in branches)


def _part_least(part: _Part) -> int:
    if part.count[:1] in {"?", "*"} or part.count.startswith(("{0", "{,")) or part.text in _NO_WIDTH:
        return 0
    return 1 if part.branches is None else _least(part.branches)
