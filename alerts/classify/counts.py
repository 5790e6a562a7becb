"""What the words before a number tell of what it counts."""

# ruff: noqa: E501 - a pattern that is broken over many lines is harder to read than a long one

from collections.abc import Collection
from functools import cache

from alerts.classify.cues import Named

_SPACE = r"[\s\pZ]"
_NEXT = rf",?{_SPACE}*(?:the )?"
_BEFORE = {
    "total": rf"(?:\btotal (?:sample |number )?(?:size )?(?:of|was|=|n{_SPACE}?=)(?: \w+ patients,)?|\bsample size (?:of|was|is)|\bsample of|\bcohort of|\bcohort \(?n{_SPACE}?=|\benrol?l?ment(?: target)?(?: of|:)"
    rf"|\baltogether,?|\bin total,?|\boverall,?){_SPACE}*",
    "named": r"(?:\b(?:phase|stage|grade|group|type|level|arm|days?|weeks?|months?|years?|visit|version|class|table|figure|aquaporin|"
    r"covid|interleukin|step|wave|question|score|of at least|age)|[0-9A-Za-z_]≥)[ -]",
    "numbered": r"\b(?:part|study|trial|experiment|cohort)[ -]",
    "elsewhere": r"\b(?:previous|earlier|prior|past) (?:[\w-]+ ){0,4}?(?:trials?|study|studies|report|series|analysis) (?:of|in|with|among) (?:[\w-]+ )?",
    "rough": rf"\b(?:more than|over|about|nearly|approximately|around|almost|some|roughly){_SPACE}",
    "part": r"\b(?:of (?:these|whom|which|them|those)|among (?:these|them|whom)|remaining|the other|additional|sub-?groups? of|subsets? of|sub-?samples? of|treating (?:at least|more than|over)|another|other|excluded|excluding|only|except|comprising|namely|until|aged?"
    rf"|first|last|next|every|each|per|one in|\d in|about one|(?:less|fewer|other|rather) than|in the|follow-up,?|months?,|weeks?,|baseline,?){_NEXT}|\({_SPACE}*(?:the )?",
    "including": rf"\bincluding{_NEXT}",
    "whole including": rf"(?:study|cohort|trial|analysis|sample|survey) including{_NEXT}",
}


def told_before(words: str) -> Collection[str]:
    """Return what the words before a number tell of it, by the names above."""
    return _before().names(words)


def of_a_part(before: Collection[str]) -> bool:
    """Say whether a number counts but a part of those counted before."""
    return "part" in before or ("including" in before and "whole including" not in before)


@cache
def _before() -> Named:
    return Named(_BEFORE, end=r"\z")
