"""Whose signatures `adapter serve` believes, beside those of its own clients."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from adapter.settings.section import Section

Url = Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/[^\s]*)?$")]


class _Signing(Section):
    """Who signs: `issuer` is its `iss`, letter by letter; its keys are in a file, or at a URL."""

    issuer: Annotated[str, Field(min_length=1, max_length=500)]
    jwks_file: Path | None = None
    jwks_url: Url | None = None

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if (self.jwks_file is None) == (self.jwks_url is None):
            raise ValueError("expected either `jwks_file` or `jwks_url`")
        return self


class IssuerSettings(_Signing):
    """Somebody else who gives out access tokens for this service, as signed JWT (RFC 9068).

    `audience` is what of `aud` means us. `client_claim` names the client, which a table
    [[serve.clients]] with this `issuer` registers. `requires_at_jwt`: its tokens say `at+jwt` as
    their `typ`, which many issuers leave out, and are nothing else.
    """

    audience: Annotated[str, Field(min_length=1)]
    client_claim: Annotated[str, Field(min_length=1)] = "client_id"
    requires_at_jwt: bool = False


class HookSettings(_Signing):
    """A record system that asks by CDS Hooks, and the clinic whose patients it shows.

    `name` stands in the access log. `tenant` tells clinics apart for whom one issuer signs;
    `fhir_server` is the base that requests may name: with it, one that names another is refused.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$")]
    clinic: Annotated[str, Field(min_length=1)]
    tenant: str = ""
    fhir_server: Url | None = None
