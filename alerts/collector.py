"""How often the garbage collector comes: seldom, where nearly all that is made dies by itself."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM, USUAL = (100_000, 20, 20), gc.get_threshold()  # objects, rounds, rounds


def collect_seldom() -> None:
    """From here on, in this process, walk only what is made from here on, and seldom."""
    gc.freeze()
    gc.set_threshold(*SELDOM)


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Do so for as long as the block lasts."""
    collect_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*USUAL)
        gc.unfreeze()
