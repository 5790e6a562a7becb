"""Which word on an address counts, and which night a moment belongs to."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from alerts.pipeline.departures import Word, last_words, logged
from alerts.pipeline.nightly import last_night
from subscribers.people import Suppressed

START = datetime(2026, 5, 4, tzinfo=UTC)
WORDS = st.lists(
    st.builds(
        Word,
        st.sampled_from([b"a" * 32, b"b" * 32]),
        st.none() | st.sampled_from(Suppressed),
        st.integers(0, 3).map(lambda day: START + timedelta(days=day)),
    )
)


@given(WORDS)
def test_the_newest_word_counts_and_in_doubt_the_one_to_stay_away(words: list[Word]) -> None:
    found = last_words(words)
    assert set(found) == {word.address_hash for word in words}
    for key, last in found.items():
        of_key = [word for word in words if word.address_hash == key]
        assert last.at == max(word.at for word in of_key)
        asked_to_stay_away = any(word.reason for word in of_key if word.at == last.at)
        assert (last.reason is not None) is asked_to_stay_away


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))
def test_the_last_night_is_at_three_and_less_than_a_day_ago(now: datetime) -> None:
    night = last_night(now)
    assert (night.hour, night.minute) == (3, 0)
    assert timedelta(0) <= now - night < timedelta(days=1)


def test_a_log_of_rubbish_says_nothing(tmp_path: Path) -> None:
    log = tmp_path / "suppressed.log"
    assert list(logged(log)) == []
    log.write_bytes(b"\xff\xfe\nerased\n2026-05-04T09:30:00Z erased nothex\n2026-05-04T09:30:00Z bored 00\n\n")
    assert list(logged(log)) == []
