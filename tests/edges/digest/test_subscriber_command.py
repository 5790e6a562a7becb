"""`alerts subscriber` as an operator types it: what is asked, told, written to files, and read back."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerts.cli import alerts as command
from alerts.errors import UsageError

CSV = "email,interests,cadence,hour,weekday,zone\n"
FULL = CSV.rstrip() + ",format,quiet,refused,paused,consent\n"
ANNA = "anna@example.org,ms nmosd?phase=3,weekly,0,mon,Europe/Lisbon\n"
BAD = "nobody,nmosd,,,,\n"
Alerts = Callable[..., Result]


@pytest.fixture
def alerts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Alerts:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALERTS_DATA_DIR", str(tmp_path / "var"))
    return lambda *words: CliRunner().invoke(command, [str(word) for word in words])


def file(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(CSV + "".join(lines))
    return path


def test_an_import_is_tried_without_a_trace_and_every_bad_line_is_named(alerts: Alerts, tmp_path: Path) -> None:
    people = file(tmp_path, ANNA, BAD)
    tried = alerts("subscriber", "import", people, "--consent", "paper form", "--dry-run")
    assert f"{people}:3: this is not a mail address" in tried.output
    assert "1 would be added, 0 known already, 1 refused." in tried.output
    assert "nothing was written" in str(tried.exception)
    assert "No subscribers yet" in alerts("subscriber", "list").output
    done = alerts("subscriber", "import", people, "--consent", "paper form")
    assert "1 added, 0 known already, 1 refused." in done.output
    assert "nobody" not in done.output


def test_what_is_exported_is_private_and_read_back_and_holds_only_who_may_be_mailed(alerts: Alerts, tmp_path: Path) -> None:
    alerts("subscriber", "import", file(tmp_path, ANNA), "--consent", "paper form")
    alerts("subscriber", "add", "bea@example.org", "--topics", "ms", "--cadence", "daily", "--invite")
    out = tmp_path / "out.csv"
    said = alerts("subscriber", "export", "-o", out)
    assert out.read_text() == FULL + ANNA.rstrip() + ",html,,,,paper form\n"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "1 left out, who did not confirm or must not be mailed." in said.output
    assert "0 added, 1 known already, 0 refused." in alerts("subscriber", "import", out, "--consent", "x").output


def test_all_that_is_exported_is_imported(alerts: Alerts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = tmp_path / "people.csv"
    open_end = ANNA.replace("anna", "bea").rstrip() + ",html,,,yes,by phone\n"
    people.write_text(FULL + ANNA.rstrip() + ",text,22-7,corrected nothing-new,2099-05-01T00:00:00+00:00,by letter\n" + open_end)
    for place in ("one", "two"):
        monkeypatch.setenv("ALERTS_DATA_DIR", str(tmp_path / place))
        assert "2 added" in alerts("subscriber", "import", people, "--consent", "moved").output
        written = alerts("subscriber", "export").stdout
        assert written == people.read_text()
    people.write_text(FULL + ANNA.rstrip() + ",html,,,someday,\n" + ANNA.rstrip() + ",html,late,,,\n")
    refused = alerts("subscriber", "import", people, "--consent", "x").output
    assert "'someday' is no end of a pause" in refused
    assert "'late' is no hour" in refused


def test_who_was_erased_is_not_brought_back_by_import_or_add(alerts: Alerts, tmp_path: Path) -> None:
    people = file(tmp_path, ANNA)
    alerts("subscriber", "import", people, "--consent", "paper form")
    assert alerts("subscriber", "erase", "ANNA@example.org", "--yes").exit_code == 0
    for _ in range(2):
        again = alerts("subscriber", "import", people, "--consent", "paper form")
        assert f"{people}:2: this person was erased" in again.output
    added = alerts("subscriber", "add", "anna@example.org", "--topics", "ms", "--cadence", "daily", "--consent", "x")
    assert isinstance(added.exception, UsageError)
    assert "this person was erased" in str(added.exception)


def test_a_person_is_shown_masked_with_weekday_and_midnight(alerts: Alerts, tmp_path: Path) -> None:
    alerts("subscriber", "import", file(tmp_path, ANNA), "--consent", "paper form")
    shown = alerts("subscriber", "show", "anna@example.org").output
    assert "a***@e***.org" in shown
    assert "anna@" not in shown
    assert {"weekday          mon", "hour             0", "paused until     -"} < set(shown.splitlines())
    assert "anna@example.org" in alerts("subscriber", "show", "anna@example.org", "--reveal").output


def test_sending_to_one_who_has_had_all_says_what_they_got_and_how_to_send_it_again(alerts: Alerts) -> None:
    alerts("subscriber", "add", "eve@example.org", "--topics", "ms", "--cadence", "weekly", "--consent", "asked")
    assert "No digest went to this person yet" in alerts("digest", "send", "--to", "eve@example.org", "--dry-run").output
    first = alerts("digest", "send", "--to", "eve@example.org", "--yes").output
    assert "Their digest 1, of" in first
    again = alerts("digest", "send", "--to", "eve@example.org", "--yes").output
    assert "0 digests prepared" in again
    assert "is sent. Send it again with: alerts digest resend eve@example.org" in again


@pytest.mark.parametrize("again", [["--consent", "asked"], ["--invite"]])
def test_the_way_back_is_named_to_who_adds_somebody_that_left(alerts: Alerts, again: list[str]) -> None:
    wishes = ["--topics", "ms", "--cadence", "weekly"]
    alerts("subscriber", "add", "eve@example.org", *wishes, "--consent", "asked")
    alerts("subscriber", "erase", "eve@example.org", "--yes")
    refused = alerts("subscriber", "add", "eve@example.org", *wishes, *again)
    assert "only they can come back, by signing up at /signup and confirming" in str(refused.exception)


def test_a_digest_that_waits_for_its_server_is_not_offered_to_be_sent_twice(
    alerts: Alerts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERTS_SMTP_URL", "smtp://127.0.0.1:9?starttls=never")
    alerts("subscriber", "add", "eve@example.org", "--topics", "ms", "--cadence", "weekly", "--consent", "asked")
    said = alerts("digest", "send", "--to", "eve@example.org", "--yes").output
    assert "is queued; it is tried again by itself." in said
    assert "resend" not in said
