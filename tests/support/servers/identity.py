"""Certificates for one server of a test, and authorities that clients may trust or not."""

from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key


class Identity:
    """A key and a certificate, as files in a folder.

    Args:
        name: What the certificate is for.

    Attributes:
        key_and_certificates: Both in one file, and each in a file of its own.
        ca_file: Certificate of the authority that has signed it.
        other_ca_file: Certificate of another one, which has signed nothing.
    """

    def __init__(self, folder: Path, *, name: str = "127.0.0.1") -> None:
        authority = trustme.CA()
        issued = authority.issue_cert(name)
        # Java reads keys in this form alone.
        key = load_pem_private_key(issued.private_key_pem.bytes(), password=None).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        certificates = b"".join(one.bytes() for one in issued.cert_chain_pems)
        self.key = _write(folder / "key.pem", key)
        self.certificates = _write(folder / "certificates.pem", certificates)
        self.key_and_certificates = _write(folder / "identity.pem", key + certificates)
        self.ca_file = _write(folder / "ca.pem", authority.cert_pem.bytes())
        self.other_ca_file = _write(folder / "other-ca.pem", trustme.CA().cert_pem.bytes())


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o600 if b"PRIVATE" in content else 0o644)
    return path
