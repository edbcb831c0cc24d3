"""Certificates and keys for the tests of TLS, made anew in each run: none is kept anywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SERVED_AS = "trial.example.org"
START = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    """A key of somebody's; the name tells them apart."""
    assert name
    return ec.generate_private_key(ec.SECP256R1())


def certificate(name: str, issuer: str = "authority") -> bytes:
    """A certificate in PEM, by the authority or by itself."""
    ends = START + timedelta(days=36500)
    is_authority = name == issuer
    built = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(key(name).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START - timedelta(days=3650))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(IPv4Address("127.0.0.1")), x509.DNSName(SERVED_AS)]
            ),
            critical=False,
        )
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key(name).public_key()), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key(issuer).public_key()),
            critical=False,
        )
        .sign(key(issuer), hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def write(folder: Path, name: str, issuer: str = "authority", stem: str = "") -> None:
    """Somebody's certificate and key, under a name that may be another's."""
    (folder / f"{stem or name}.pem").write_bytes(certificate(name, issuer))
    (folder / f"{stem or name}.key").write_bytes(
        key(name).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
