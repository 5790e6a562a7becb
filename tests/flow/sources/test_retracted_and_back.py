"""A paper whose title says that it was retracted, and later no more."""

import json
from pathlib import Path

ROW = {"pmid": "101", "kind": "paper", "title": "Light in multiple sclerosis", "published": "2026-05-01",
       "text": "METHODS: We randomly assigned 84 adults with multiple sclerosis to light or placebo."}  # fmt: skip


def test_a_retraction_is_told_once_and_taking_it_back_matches_nobody_anew(alerts, tmp_path: Path) -> None:
    place = tmp_path / "works.jsonl"

    def polled(**says: str) -> str:
        place.write_text(json.dumps({**ROW, **says}))
        return alerts("poll", "works").splitlines()[-1]

    place.write_text(json.dumps(ROW))
    alerts("source", "add", str(place), "--slug", "works", "--max-age", "0")
    assert polled() == "1 source asked, 1 alert released."
    assert polled(title="RETRACTED: Light in multiple sclerosis", text="This article has been retracted.") == "1 source asked, 1 alert released."
    assert polled() == "1 source asked, 0 alerts released."
    assert "\nRetracted.\n" in alerts("item", "show", "101")
    assert polled(text=ROW["text"] + " Most were women with neuromyelitis optica.") == "1 source asked, 0 alerts released."
