"""TLS for halls: the organiser's own certificate, or one from a local authority made on first need.

Cameras and microphones need a secure page on every host but loopback. The local
authority (P-256, X.509 v3, RFC 5280) signs for exactly the names and addresses
that people use to reach this node; a phone trusts it once `authority.pem` is installed.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from server.settings import Unusable
from server.storage import store

AUTHORITY_DAYS: Final = 3650
CERTIFICATE_DAYS: Final = 397
"""Browsers refuse longer ones (CA/Browser Forum baseline requirements, section 6.3.2)."""
RENEW_DAYS: Final = 30
_SKEW: Final = dt.timedelta(hours=1)
"""A tablet whose clock is a little late must not find the certificate not yet valid."""


class Pair(msgspec.Struct, frozen=True):
    """A certificate chain and its private key, both PEM files."""

    certificate: Path
    key: Path


class Terminator:
    """The server's TLS context; `refresh` takes renewed files for new connections, without a restart."""

    def __init__(self, pair: Pair) -> None:
        """Raises Unusable when the files can't be read or do not belong together."""
        self._pair = pair
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self._changed = self._stamp()
        self._load()

    def refresh(self) -> bool:
        """Whether the files had changed and are in use now. Raises Unusable; the old ones then stay in use."""
        stamp = self._stamp()
        if stamp == self._changed:
            return False
        _check(self._pair)
        self._load()
        self._changed = stamp
        return True

    def _load(self) -> None:
        try:
            self.context.load_cert_chain(self._pair.certificate, self._pair.key)
        except (OSError, ssl.SSLError) as wrong:
            raise Unusable(
                f"The certificate {self._pair.certificate} and its key {self._pair.key} can't be used ({wrong}): "
                "give a PEM chain and the PEM key that belongs to it, without a passphrase."
            ) from None

    def _stamp(self) -> tuple[int, ...]:
        try:
            return tuple(path.stat().st_mtime_ns for path in (self._pair.certificate, self._pair.key))
        except OSError as wrong:
            raise Unusable(f"{wrong.filename} can't be read ({wrong.strerror}): give a readable PEM file.") from None


def _check(pair: Pair) -> None:
    """A half-written pair must not replace a good one: load it apart first. Raises Unusable."""
    Terminator(pair)


def local_pair(folder: Path, names: Sequence[str], now: dt.datetime) -> Pair:
    """A certificate of the local authority in `folder` for `names` (hosts, IP addresses), made or renewed when due."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = Pair(folder / "authority.pem", folder / "authority.key")
    pair = Pair(folder / "certificate.pem", folder / "certificate.key")
    if not authority.certificate.exists():
        _found_authority(authority, now)
    if not _serves(pair, names, now):
        _issue(authority, pair, names, now)
    return pair


def _found_authority(authority: Pair, now: dt.datetime) -> None:
    make(authority, f"Twinhall local authority {now:%Y-%m-%d}", now, AUTHORITY_DAYS, usage(issues=True))


def make(pair: Pair, called: str, now: dt.datetime, days: int, use: x509.KeyUsage) -> None:
    """A new key of this node, and the certificate that it gives itself under that name."""
    key = ec.generate_private_key(ec.SECP256R1())
    house = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Twinhall")
    name = x509.Name([house, x509.NameAttribute(NameOID.COMMON_NAME, called)])
    certificate = (
        builder(name, name, key.public_key(), now, days)
        .add_extension(_constraints(use), critical=True)
        .add_extension(use, critical=True)
        .sign(key, hashes.SHA256())
    )
    keep(pair, key, [certificate])


def _issue(authority: Pair, pair: Pair, names: Sequence[str], now: dt.datetime) -> None:
    issuer = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    issuer_key = serialization.load_pem_private_key(authority.key.read_bytes(), password=None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    certificate = (
        builder(subject, issuer.subject, key.public_key(), now, CERTIFICATE_DAYS)
        .add_extension(_constraints(usage()), critical=True)
        .add_extension(usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    keep(pair, key, [certificate, issuer])


def _constraints(use: x509.KeyUsage) -> x509.BasicConstraints:
    """Who issues certificates issues none of another authority."""
    return x509.BasicConstraints(ca=use.key_cert_sign, path_length=0 if use.key_cert_sign else None)


def builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: dt.datetime, days: int
) -> x509.CertificateBuilder:
    """What every certificate of this node has."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now - _SKEW + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def usage(*, issues: bool = False, commits: bool = False) -> x509.KeyUsage:
    """To sign; certificates too, or what one stands by (RFC 5280 section 4.2.1.3)."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=commits,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issues,
        crl_sign=issues,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _serves(pair: Pair, names: Sequence[str], now: dt.datetime) -> bool:
    """Whether the issued certificate is there with its key, names exactly `names` and is not due for renewal."""
    if not (pair.certificate.exists() and pair.key.exists()):
        return False
    certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    fresh = certificate.not_valid_after_utc - now > dt.timedelta(days=RENEW_DAYS)
    return fresh and _belongs(pair, certificate) and set(named) == {_general_name(name) for name in names}


def _belongs(pair: Pair, certificate: x509.Certificate) -> bool:
    """Whether the key is the certificate's: a power cut between the two files leaves another one."""
    key = serialization.load_pem_private_key(pair.key.read_bytes(), password=None)
    return key.public_key() == certificate.public_key()


def keep(pair: Pair, key: ec.EllipticCurvePrivateKey, chain: Sequence[x509.Certificate]) -> None:
    """Key first, each file whole or not at all; a certificate without its key would look complete."""
    pem = serialization.Encoding.PEM
    store(pair.key, key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    store(pair.certificate, b"".join(one.public_bytes(pem) for one in chain))
