"""`adapter.toml` and the environment, read once and frozen; secrets wait until they are used."""

from adapter.settings.clinics import (
    BasicSettings,
    ClinicSettings,
    SignInSettings,
    SmartBackendSettings,
    StaticTokenSettings,
)
from adapter.settings.configuration import (
    OdmSettings,
    RedcapApiSettings,
    RedcapSettings,
    Settings,
    SourceSettings,
    TableSettings,
    WordingSettings,
    read_settings,
)
from adapter.settings.issuers import HookSettings, IssuerSettings
from adapter.settings.logs import LogSettings
from adapter.settings.secrets import (
    LONGEST_KEY_BYTES,
    SHORTEST_KEY_BYTES,
    Secret,
    kept_secret,
    read_secret,
    stamp_of,
)
from adapter.settings.serving import (
    ClientSettings,
    PersonSettings,
    RecordSystemSettings,
    ServeSettings,
)
from adapter.settings.triggers import TriggerSettings

__all__ = [
    "LONGEST_KEY_BYTES",
    "SHORTEST_KEY_BYTES",
    "BasicSettings",
    "ClientSettings",
    "ClinicSettings",
    "HookSettings",
    "IssuerSettings",
    "LogSettings",
    "OdmSettings",
    "PersonSettings",
    "RecordSystemSettings",
    "RedcapApiSettings",
    "RedcapSettings",
    "Secret",
    "ServeSettings",
    "Settings",
    "SignInSettings",
    "SmartBackendSettings",
    "SourceSettings",
    "StaticTokenSettings",
    "TableSettings",
    "TriggerSettings",
    "WordingSettings",
    "kept_secret",
    "read_secret",
    "read_settings",
    "stamp_of",
]
