"""A record system in `adapter.toml`: where it is, and how to sign in there.

Secrets stand in the environment or in files of their own; a file is read again when it has changed,
so that a secret can be exchanged while the program runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from adapter.settings.section import Section


class StaticTokenSettings(Section):
    """A token that somebody handed out; sent as `Bearer`."""

    kind: Literal["static-token"]
    token_env: str | None = None
    token_file: Path | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        _one_of("token", self.token_env, self.token_file)
        return self


class BasicSettings(Section):
    """A user and a password (RFC 7617)."""

    kind: Literal["basic"]
    username: Annotated[str, Field(pattern=r"^[^:\x00-\x1f\x7f]+$")]
    password_env: str | None = None
    password_file: Path | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        _one_of("password", self.password_env, self.password_file)
        return self


class SmartBackendSettings(Section):
    """SMART Backend Services: a key of ours, known to the clinic, buys tokens that soon expire.

    The key is a private JWK with its `kid`, as `adapter keys new` makes it. `scopes` are asked for;
    left out, those that the clinic's profile needs.
    """

    kind: Literal["smart-backend"]
    client_id: Annotated[str, Field(min_length=1)]
    key_env: str | None = None
    key_file: Path | None = None
    scopes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        _one_of("key", self.key_env, self.key_file)
        return self


SignInSettings = Annotated[
    StaticTokenSettings | BasicSettings | SmartBackendSettings, Field(discriminator="kind")
]


class ClinicSettings(Section):
    """One record system: its profile, its FHIR base, and how to sign in.

    `token_env` and `token_file` are the short form of `sign_in` with a static token.
    `client_certificate` and `client_key` are PEM files that we show at the door (mutual TLS), with
    any kind of sign-in; `ca_file` holds the only authorities that the clinic's own certificate may
    come from.

    A clinic that speaks no FHIR has no `url`. HL7 v2 goes to `mllp` (`host:port`, with TLS unless
    `mllp_tls` is false), or into `folder`, whose acknowledgements stand in `acknowledgements`.
    `tasks` is the folder for what a person prints and files. `formerly` are the addresses (`url`,
    or `mllp`) that the same server had before.
    """

    profile: Path
    # No user and password in the address: what signs in is a secret.
    url: Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/[^\s]*)?$")] | None = None
    mllp: Annotated[str, Field(pattern=r"^[^\s:/@]+:\d{1,5}$")] | None = None
    formerly: tuple[Annotated[str, Field(pattern=r"^[^\s@]+$")], ...] = ()
    mllp_tls: bool = True
    folder: Path | None = None
    acknowledgements: Path | None = None
    tasks: Path | None = None
    token_env: str | None = None
    token_file: Path | None = None
    sign_in: SignInSettings | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _signs_in_one_way(self) -> Self:
        ways = (self.token_env, self.token_file, self.sign_in)
        if sum(way is not None for way in ways) > 1:
            raise ValueError("expected one of `token_env`, `token_file` and `sign_in`")
        if (self.folder is None) != (self.acknowledgements is None):
            raise ValueError("expected `folder` together with `acknowledgements`")
        if (self.client_certificate is None) != (self.client_key is None):
            raise ValueError("expected `client_certificate` together with `client_key`")
        return self


def _one_of(name: str, env: str | None, file: Path | None) -> None:
    if (env is None) == (file is None):
        raise ValueError(f"expected either `{name}_env` or `{name}_file`")
