"""Every setting, read from ``LIBRARY_NET_*`` once; a nonsense value stops the start with its name.

Two ways to run, one code path: with nothing set, SQLite and ``memory://`` in one process; with
``LIBRARY_NET_DATABASE_URL`` and ``LIBRARY_NET_BROKER_URL`` set, PostgreSQL, Redis and workers.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import environ
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def env_secret(name: str, *, file_fallback: Path) -> str:
    """A secret from the environment, from ``NAME_FILE``, or made once and kept beside the data."""
    if value := env.str(name, default=""):
        return str(value)
    if path := env.str(f"{name}_FILE", default=""):
        return Path(path).read_text(encoding="utf-8").strip()
    if not file_fallback.exists():
        file_fallback.parent.mkdir(parents=True, exist_ok=True)
        file_fallback.touch(mode=0o600)
        file_fallback.write_text(secrets.token_urlsafe(48), encoding="utf-8")
    return file_fallback.read_text(encoding="utf-8").strip()


def env_int(name: str, *, default: int, minimum: int) -> int:
    value = env.int(name, default=default)
    if value < minimum:
        message = f"{name} is {value}; it must be at least {minimum}"
        raise ImproperlyConfigured(message)
    return int(value)


DATA_DIR = Path(env.str("LIBRARY_NET_DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)
DEBUG = env.bool("LIBRARY_NET_DEBUG", default=False)
SECRET_KEY = env_secret("LIBRARY_NET_SECRET_KEY", file_fallback=DATA_DIR / "secret.key")
# The vault's root secrets, newest first, as "version:secret"; see library_net/vault.py.
VAULT_KEYS: list[str] = env.list(
    "LIBRARY_NET_VAULT_KEYS",
    default=[f"1:{env_secret('LIBRARY_NET_VAULT_KEY', file_fallback=DATA_DIR / 'vault.key')}"],
)
ALLOWED_HOSTS: list[str] = env.list(
    "LIBRARY_NET_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"]
)
CSRF_TRUSTED_ORIGINS: list[str] = env.list("LIBRARY_NET_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.auth",  # before accounts, whose admin replaces its pages
    "library_net.network",
    "library_net.accounts",
    "library_net.jobs",
    "library_net.portal",
    "library_net.demo",
    "catalog",
    "circulation",
    "circulation.desk",
    "library_net.desk_site.DeskAdminConfig",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "rest_framework",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "library_net.security.ContentSecurityPolicyMiddleware",
    "library_net.security.NoNulMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "library_net.language.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "library_net.urls"
WSGI_APPLICATION = "library_net.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "library_net" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


def database() -> dict[str, Any]:
    """The one database: SQLite in WAL with immediate transactions, or PostgreSQL."""
    url = env.str("LIBRARY_NET_DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'library.sqlite3'}")
    config: dict[str, Any] = dict(environ.Env.db_url_config(url))
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA mmap_size=134217728;"
                "PRAGMA cache_size=-20000;PRAGMA temp_store=MEMORY;"
            ),
        }
        # A file, not :memory:, because tests with threads need several real connections.
        config["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
    elif config["ENGINE"] == "django.db.backends.postgresql":
        config["CONN_MAX_AGE"] = None
        config["CONN_HEALTH_CHECKS"] = True
        config["OPTIONS"] = {
            "prepare_threshold": 3,
            # The hot statements take lists: planned once they are good for any, and planning anew
            # costs more than running. Django's own queries hold their values and are not touched.
            "options": "-c plan_cache_mode=force_generic_plan",
        }
    else:
        message = f"LIBRARY_NET_DATABASE_URL names {config['ENGINE']}; use sqlite or postgres"
        raise ImproperlyConfigured(message)
    return config


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "portal:sign_in"
LOGIN_REDIRECT_URL = "portal:home"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("LIBRARY_NET_HTTPS", default=False)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "library_net" / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"  # empty unless collectstatic is run: finders serve without it
STATIC_ROOT.mkdir(exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- the catalogue -----------------------------------------------------------------------------
SEARCH_INDEX_PATH = Path(
    env.str("LIBRARY_NET_SEARCH_INDEX", default=str(DATA_DIR / "search"))
).resolve()
# Largest upload of one batch, in bytes after decompression.
BATCH_MAX_BYTES = env_int("LIBRARY_NET_BATCH_MAX_MB", default=2048, minimum=1) * 1024 * 1024
# A full file that lacks more of the member's records than this withdraws nothing before it is
# confirmed; so few are always withdrawn at once.
FULL_WITHDRAWS_PERCENT = env_int("LIBRARY_NET_FULL_WITHDRAWS_PERCENT", default=20, minimum=0)
FULL_WITHDRAWS_FREELY = env_int("LIBRARY_NET_FULL_WITHDRAWS_FREELY", default=50, minimum=0)
INGEST_CHUNK_RECORDS = env_int("LIBRARY_NET_INGEST_CHUNK", default=2000, minimum=10)
# A process beside reads the next records of a file while the last ones are saved.
_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
INGEST_READ_BESIDE = env.bool("LIBRARY_NET_READ_BESIDE", default=True) and _CORES > 1

# Records leave under these names; changing them makes every harvester start again.
OAI_REPOSITORY = env.str("LIBRARY_NET_OAI_REPOSITORY", default="library-net.local")
RECORD_AGENCY = env.str("LIBRARY_NET_RECORD_AGENCY", default="CN-LIBRARYNET")  # field 003
CONTACT_EMAIL = env.str("LIBRARY_NET_CONTACT_EMAIL", default="catalogue@library-net.local")

# --- self-service machines (manage.py sip2_server, docs/sip2.md) --------------------------------
SIP2_HOST = env.str("LIBRARY_NET_SIP2_HOST", default="127.0.0.1")
SIP2_PORT = env_int("LIBRARY_NET_SIP2_PORT", default=6001, minimum=0)
SIP2_CONNECTIONS = env_int("LIBRARY_NET_SIP2_CONNECTIONS", default=500, minimum=1)
SIP2_CONNECTIONS_PER_ADDRESS = env_int(
    "LIBRARY_NET_SIP2_CONNECTIONS_PER_ADDRESS", default=100, minimum=1
)
SIP2_IDLE_S = env_int("LIBRARY_NET_SIP2_IDLE_SECONDS", default=600, minimum=5)
SIP2_TLS_CERT = env.str("LIBRARY_NET_SIP2_TLS_CERT", default="")
SIP2_TLS_KEY = env.str("LIBRARY_NET_SIP2_TLS_KEY", default="")

# --- readers -----------------------------------------------------------------------------------
# Electronic cards are read by their issuer, through a relay (library_net/relay.py).
ECARD_RELAY_URL = env.str("LIBRARY_NET_ECARD_RELAY_URL", default="")
ECARD_RELAY_SECRET = env.str("LIBRARY_NET_ECARD_RELAY_SECRET", default="")
ECARD_PATTERN = env.str("LIBRARY_NET_ECARD_PATTERN", default=r"(?i)essc:\S{8,300}")
# First sign-in by a code sent to the reader's phone (library_net/sms.py).
SMS_WEBHOOK_URL = env.str("LIBRARY_NET_SMS_WEBHOOK_URL", default="")
SMS_WEBHOOK_SECRET = env.str("LIBRARY_NET_SMS_WEBHOOK_SECRET", default="")
SMS_TO_CONSOLE = env.bool("LIBRARY_NET_SMS_TO_CONSOLE", default=False)  # embedded only: the demo
# So many days after its return a loan still names its reader, unless an institution says other.
LOAN_MEMORY_DAYS = env_int("LIBRARY_NET_LOAN_MEMORY_DAYS", default=30, minimum=0)

# --- notices to readers; text messages and push leave by the channels of the admin ---------------
# smtp://user:password@host:25, smtp+tls://…; without a sender no e-mail is sent.
if _email_url := env.str("LIBRARY_NET_EMAIL_URL", default=""):
    vars().update(environ.Env.email_url_config(_email_url))
NOTICE_FROM = env.str("LIBRARY_NET_NOTICE_FROM", default="")

# --- background work ---------------------------------------------------------------------------
CELERY_BROKER_URL = env.str("LIBRARY_NET_BROKER_URL", default="memory://localhost")
EMBEDDED = CELERY_BROKER_URL.startswith("memory:")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"polling_interval": 0.1}
    if EMBEDDED
    # kombu restores a lost worker's task only every interval x throttle polls; see ecosystem notes
    # in docs/adr: with the defaults a redelivery takes minutes, not seconds.
    else {
        "visibility_timeout": 3600,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
    }
)
CELERY_BEAT_SCHEDULE = {
    # The guarantee behind every `queue.after_commit`: rows, not messages, say what is left to do.
    "jobs.sweep": {"task": "jobs.sweep", "schedule": 15.0},
    "catalog.deliver_webhooks": {"task": "catalog.deliver_webhooks", "schedule": 5.0},
    "catalog.harvest_due": {"task": "catalog.harvest_due", "schedule": 60.0},
    "catalog.close_stalled_uploads": {
        "task": "catalog.close_stalled_uploads",
        "schedule": crontab(minute="50"),
    },
    "catalog.recluster_outdated": {
        "task": "catalog.recluster_outdated",
        "schedule": crontab(hour="1", minute="0"),
    },
    "catalog.measure_all": {
        "task": "catalog.measure_all",
        "schedule": crontab(hour="4", minute="10"),
    },
    "circulation.tell_news": {"task": "circulation.tell_news", "schedule": 10.0},
    "circulation.tell_ledgers": {"task": "circulation.tell_ledgers", "schedule": 15.0},
    "circulation.look_for_due": {
        "task": "circulation.look_for_due",
        "schedule": crontab(minute="20"),
    },
    "circulation.expire_requests": {
        "task": "circulation.expire_requests",
        "schedule": crontab(minute="5"),
    },
    "circulation.allocate_changed": {"task": "circulation.allocate_changed", "schedule": 60.0},
    "circulation.check_crates": {
        "task": "circulation.check_crates",
        "schedule": crontab(minute="20"),
    },
    "circulation.declare_lost": {
        "task": "circulation.declare_lost",
        "schedule": crontab(hour="5", minute="20"),
    },
    "circulation.resume_requests": {
        "task": "circulation.resume_requests",
        "schedule": crontab(minute="10"),
    },
    "circulation.check_item_events": {
        "task": "circulation.check_item_events",
        "schedule": crontab(hour="3", minute="30"),
    },
    "circulation.award_points": {
        "task": "circulation.award_points",
        "schedule": crontab(hour="2", minute="40"),
    },
    "circulation.forget": {"task": "circulation.forget", "schedule": crontab(hour="3", minute="0")},
    "circulation.plan_rebalancing": {
        "task": "circulation.plan_rebalancing",
        "schedule": crontab(hour="2", minute="0"),
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "library_net.api.authentication.MemberKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["library_net.api.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["library_net.api.parsers.OrjsonParser"],
    "EXCEPTION_HANDLER": "library_net.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "library_net.logs.MaskingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["console"],
        "level": env.str("LIBRARY_NET_LOG_LEVEL", default="INFO"),
    },
    "loggers": {
        "django.server": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
    },
}
# Names agreed as `title_zh` / `title_en`; used by the admin header and the portal.
SITE_NAME = _("Library Net")
