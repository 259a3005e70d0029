"""What circulation remembers."""

from circulation.models.identity import (
    Device,
    Erasure,
    Guardianship,
    PatronMerge,
    Phone,
    PrivacyTerm,
    SignInCode,
    UsedCode,
)
from circulation.models.ledger import (
    CollectionAgreement,
    LedgerEntry,
    PointEntry,
    SettledEntry,
    Settlement,
    Suspension,
)
from circulation.models.ledger_messages import LedgerMessage
from circulation.models.loans import Loan
from circulation.models.notices import (
    Notice,
    NoticeAddress,
    NoticeChannel,
    NoticeChoice,
    NoticeCursor,
)
from circulation.models.offline import OfflineConflict, OfflineEvent
from circulation.models.operations import ItemEvent, Operation, StaffException
from circulation.models.patrons import AccessLog, Credential, Patron, PatronCategory, Proxy
from circulation.models.rebalancing import Move, Plan
from circulation.models.requests import HoldRequest, Pick
from circulation.models.rules import LoanRule, MaterialType
from circulation.models.terminals import SipTerminal
from circulation.models.transits import Crate, Transit

__all__ = [
    "AccessLog",
    "CollectionAgreement",
    "Crate",
    "Credential",
    "Device",
    "Erasure",
    "Guardianship",
    "HoldRequest",
    "ItemEvent",
    "LedgerEntry",
    "LedgerMessage",
    "Loan",
    "LoanRule",
    "MaterialType",
    "Move",
    "Notice",
    "NoticeAddress",
    "NoticeChannel",
    "NoticeChoice",
    "NoticeCursor",
    "OfflineConflict",
    "OfflineEvent",
    "Operation",
    "Patron",
    "PatronCategory",
    "PatronMerge",
    "Phone",
    "Pick",
    "Plan",
    "PointEntry",
    "PrivacyTerm",
    "Proxy",
    "SettledEntry",
    "Settlement",
    "SignInCode",
    "SipTerminal",
    "StaffException",
    "Suspension",
    "Transit",
    "UsedCode",
]
