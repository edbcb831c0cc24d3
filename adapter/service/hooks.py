"""Who may ask by CDS Hooks, and who gives out tokens beside us, out of the settings."""

from __future__ import annotations

from adapter.server import Caller, Ledger
from adapter.server.caller import read_scopes
from adapter.server.hooks import CLAIMS, LONGEST_TOKEN_SECONDS, ROOT, SERVICE, HookClient, Hooks
from adapter.server.issued import ACCESS_TOKEN, Issuing
from adapter.server.signed import JWT, Issuer
from adapter.service.jwks import keys_of
from adapter.service.running import Service
from adapter.settings import ClientSettings, HookSettings, IssuerSettings, ServeSettings

LONGEST_ACCESS_SECONDS = 86_400.0


def caller_as_registered(settings: ClientSettings) -> Caller:
    """A client with the most that it gets."""
    scopes = read_scopes(settings.scopes)
    return Caller(
        settings.id,
        settings.purpose,
        settings.clinic,
        settings.unblinded,
        scopes,
        settings.patient_system or "",
        settings.auditor,
    )


def issuings(settings: ServeSettings) -> list[Issuing]:
    """Who gives out tokens beside us, each with the clients that it may speak of."""
    return [_issuing(each, settings) for each in settings.issuers]


def hooks_of(service: Service, settings: ServeSettings, ledger: Ledger) -> Hooks:
    """CDS Hooks for the record systems that are named."""
    # Who says a tenant comes first: one without would take all of its issuer's tokens.
    named = sorted(settings.hooks, key=lambda each: not each.tenant)
    audience = f"{settings.url}{ROOT}/{SERVICE}"
    return Hooks(
        ledger,
        [_hook_client(each, audience) for each in named],
        settings.launch_url or "",
        service.crosswalk.participant_of,
    )


def _issuing(settings: IssuerSettings, serve: ServeSettings) -> Issuing:
    keys = keys_of(settings.jwks_file, settings.jwks_url)
    types = {ACCESS_TOKEN} if settings.requires_at_jwt else {ACCESS_TOKEN, JWT, ""}
    issuer = Issuer(
        settings.issuer,
        settings.audience,
        keys,
        LONGEST_ACCESS_SECONDS,
        types=frozenset(types),
    )
    clients = [each for each in serve.clients if each.issuer == settings.issuer]
    known = {each.id: caller_as_registered(each) for each in clients}
    return Issuing(issuer, settings.client_claim, known)


def _hook_client(settings: HookSettings, audience: str) -> HookClient:
    keys = keys_of(settings.jwks_file, settings.jwks_url)
    types = frozenset({JWT})  # CDS Hooks 2.0 has it fixed
    issuer = Issuer(settings.issuer, audience, keys, LONGEST_TOKEN_SECONDS, CLAIMS, types)
    return HookClient(
        settings.name, settings.clinic, issuer, settings.tenant, settings.fhir_server or ""
    )
