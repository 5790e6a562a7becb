"""A mail's content within a page: its words stay, everything that could style or run is left out."""

from alerts.publish.inpage import in_page

MAIL = """<html><head><title>T</title><style>p { color: red }</style></head><body style="margin:0">
<table role="presentation"><tr><td align="center"><h1>Your research digest</h1>
<div class="entry wide" style="x"><h2 dir="auto"><a href="https://e.example/1?a=1&amp;b=2" onclick="run()">A &lt; B</a></h2>
<p class="strength">Said &amp; done.<br>Second line <blink>tail</blink>.</p></div>
<p><a href="javascript:run()">no link</a><script>run()</script> after</p><!-- kept by nobody -->
<div class="foot"><p><a href="https://e.example/unsubscribe/t">Unsubscribe</a></p></div></td></tr></table></body></html>"""


def test_words_headings_and_links_stay() -> None:
    shown = in_page(MAIL)
    assert '<h2 dir="auto"><a href="https://e.example/1?a=1&amp;b=2">A &lt; B</a></h2>' in shown
    assert '<p class="strength">Said &amp; done.<br>Second line tail.</p>' in shown
    assert "<a>no link</a> after" in shown
    assert "Unsubscribe" in shown


def test_layout_style_script_and_the_mails_own_heading_go() -> None:
    shown = in_page(MAIL)
    for gone in ("<table", "<td", "style", "color", "script", "run()", "onclick", "<h1", "Your research digest", "kept by", "wide"):
        assert gone not in shown


def test_without_its_foot_nothing_changes_a_persons_mail() -> None:
    assert "nsubscribe" not in in_page(MAIL, foot=False)
