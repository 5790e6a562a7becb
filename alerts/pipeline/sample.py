"""The one place that decides whether the invented examples are shown."""

from alerts.settings import Settings


def shown(settings: Settings) -> bool:
    """Tell whether sample items may stand in digests, feeds and pages: where only this machine reads them."""
    server = settings.smtp
    return not settings.public and (server is None or server.loopback)
