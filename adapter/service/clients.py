"""A clinic's client, made when it is needed: its sign-in, its TLS, and the files of both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING

from adapter.errors import DeclarationError, Origin, Problem
from adapter.service.clock import now
from adapter.settings import (
    BasicSettings,
    ClinicSettings,
    SmartBackendSettings,
    StaticTokenSettings,
    kept_secret,
    stamp_of,
)
from adapter.sync.answer import Answer
from adapter.sync.profile import ClinicProfile
from adapter.sync.receipt import Unknown, Unreachable

if TYPE_CHECKING:
    import ssl

    from httpx import Client

    from adapter.sync.auth import SignIn
    from adapter.sync.client import FhirClient

_ALL_RIGHTS = "cruds"
_TO_FIND = "rs"


class LateClient:
    """A clinic's client, made at the first request: `status` needs no network and no token.

    It is made anew when a certificate has changed; a secret's file is watched by who reads it.
    """

    def __init__(
        self, profile: ClinicProfile, settings: ClinicSettings, environment: Mapping[str, str]
    ) -> None:
        """`environment` may hold the secrets that the settings name."""
        self.profile = profile
        self._settings, self._environment = settings, environment
        self._http: Client | None = None
        self._client: FhirClient | None = None
        self._stamps: tuple[tuple[int, ...], ...] = ()

    def exchange(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer | Unreachable | Unknown:
        """One request.

        Raises:
            DeclarationError: what signs us in is missing, or cannot be used.
            EhrError: the clinic will not let us in.
        """
        return self._present().exchange(method, path, content, headers)

    def is_at_home(self, path: str) -> bool:
        """Whether an address is of the record system's own origin."""
        return self._present().is_at_home(path)

    def _present(self) -> FhirClient:
        stamps = tuple(stamp_of(file) for file in _files(self._settings))
        if self._client is None or stamps != self._stamps:
            self.close()
            self._client, self._stamps = self._made(), stamps
        return self._client

    def close(self) -> None:
        """Closes what is open."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def _made(self) -> FhirClient:
        from httpx import Client  # noqa: PLC0415 - only who sends pays for it

        from adapter.sync.client import FhirClient  # noqa: PLC0415 - as above

        http = self._http = Client(
            base_url=(self._settings.url or "").rstrip("/") + "/",
            verify=tls_of(self._settings),
            timeout=self.profile.timeout_seconds,
            follow_redirects=False,
            trust_env=False,
        )
        return FhirClient(http, now, self._sign_in(http))

    def _sign_in(self, http: Client) -> SignIn:
        from adapter.sync.auth import NO_SIGN_IN, Basic, StaticToken  # noqa: PLC0415 - as above

        said, clinic, environment = self._settings, self.profile.id, self._environment
        of = f"of {clinic}"
        match said.sign_in:
            case StaticTokenSettings(token_env=env, token_file=file):
                return StaticToken(kept_secret(environment, env, file, f"a token {of}"), clinic)
            case BasicSettings(username=username, password_env=env, password_file=file):
                return Basic(username, kept_secret(environment, env, file, f"a password {of}"))
            case SmartBackendSettings() as smart:
                return self._smart_backend(http, smart)
        if said.token_env is None and said.token_file is None:
            return NO_SIGN_IN
        token = kept_secret(environment, said.token_env, said.token_file, f"a token {of}")
        return StaticToken(token, clinic)

    def _smart_backend(self, http: Client, said: SmartBackendSettings) -> SignIn:
        from adapter.sync.auth.smart_backend import (  # noqa: PLC0415 - pays for cryptography
            Registration,
            SmartBackend,
        )

        key = kept_secret(
            self._environment, said.key_env, said.key_file, f"a private JWK for {self.profile.id}"
        )
        registered = Registration(
            self.profile.id, said.client_id, key, needed_rights(self.profile), said.scopes
        )
        return SmartBackend(http, registered, now, token_urlsafe)


def needed_rights(profile: ClinicProfile) -> dict[str, str]:
    """What delivering to a clinic needs, in letters of SMART by resource type."""
    types: set[str] = set(profile.accepts)
    rungs = {*profile.ladder, *profile.also}
    types |= {"DocumentReference"} if "document" in rungs else set()
    types |= {"Observation"} if "totals" in rungs else set()
    rights: dict[str, str] = dict.fromkeys(sorted(types), _ALL_RIGHTS)
    if profile.encounter is not None:
        rights["Encounter"] = _TO_FIND
    if profile.pull is not None:
        rights.setdefault("QuestionnaireResponse", _TO_FIND)
        if profile.pull.subscribe:
            rights["Subscription"] = _ALL_RIGHTS
    return rights if profile.patient.create else {"Patient": _TO_FIND, **rights}


def _files(settings: ClinicSettings) -> tuple[Path, ...]:
    named = (settings.client_certificate, settings.client_key, settings.ca_file)
    return tuple(file for file in named if file is not None)


def tls_of(settings: ClinicSettings) -> ssl.SSLContext:
    """TLS 1.2 or newer, with our certificate and the clinic's authorities where they are named.

    Raises:
        DeclarationError: one of the files cannot be used.
    """
    import ssl  # noqa: PLC0415 - only who sends pays for it

    from httpx import create_ssl_context  # noqa: PLC0415 - as above

    named = f"client_certificate, client_key or ca_file, for {settings.profile.stem}"
    try:
        if settings.ca_file is None:
            context = create_ssl_context(trust_env=False)
        else:
            context = ssl.create_default_context(cafile=settings.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.client_certificate is not None:
            # A key behind a password would make the program ask at the terminal.
            context.load_cert_chain(settings.client_certificate, settings.client_key, lambda: "")
    except (OSError, ValueError) as wrong:  # ssl.SSLError is an OSError
        problem = Problem(
            Origin("adapter.toml"),
            named,
            "PEM files that belong together, the key without a password",
            wrong.__class__.__name__,
            "Check the files.",
        )
        raise DeclarationError("A certificate cannot be used.", (problem,)) from wrong
    return context
