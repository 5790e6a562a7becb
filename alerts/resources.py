"""Where templates, migrations and packs lie: inside the wheel, or beside the packages in a checkout."""

from importlib.resources import files
from pathlib import Path

from alerts.errors import AlertsError


def resource_folder(name: str) -> Path:
    """Return the folder `templates` or `migrations` as it was shipped."""
    package = Path(str(files("alerts")))
    shipped = package / "_data" / name
    if shipped.is_dir():
        return shipped
    checkout = package.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    raise AlertsError(f"The folder {name} is missing from this installation; install research-alerts again.")
