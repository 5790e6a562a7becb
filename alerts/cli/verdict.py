"""What the doctor says of one part of an installation."""

from typing import NamedTuple


class Verdict(NamedTuple):
    """`well` is None where it could not be told or does not matter here."""

    part: str
    well: bool | None
    said: str

    def __str__(self) -> str:
        word = {True: "well ", False: "WRONG", None: "-    "}[self.well]
        return f"{word}  {self.part:<12} {self.said}"
