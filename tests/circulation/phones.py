"""A reader's phone as the portal's page in it behaves, for tests without a browser."""

import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from circulation.actions.enrol_device import enrol_device
from circulation.actions.operations import Intent
from circulation.models import Patron


@dataclass(slots=True)
class Phone:
    """`Phone.of(patron, now=…).code(audience="B3", at=now)`."""

    key_id: str
    credential_id: int
    private: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def of(cls, patron: Patron, *, now: datetime) -> "Phone":
        private = ec.generate_private_key(ec.SECP256R1())
        answer = enrol_device(
            intent=Intent(
                caller=f"user:{patron.pk}", operation_id=secrets.token_hex(8), patron_id=patron.pk
            ),
            patron_id=patron.pk,
            public_key=public_bytes(private),
            name="a phone",
            now=now,
        )
        return cls(answer["key"], answer["credential"], private)

    def code(self, *, audience: str, at: datetime, nonce: str = "") -> str:
        nonce = nonce or base64.b32encode(secrets.token_bytes(10)).decode()
        message = f"LN1.{self.key_id}.{audience}.{int(at.timestamp())}.{nonce}"
        r, s = decode_dss_signature(self.private.sign(message.encode(), ec.ECDSA(hashes.SHA256())))
        signature = base64.b32encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()
        return f"{message}.{signature.rstrip('=')}"


def public_bytes(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
