"""Settings, all from the environment; the defaults are those of production.

A running demo leaves its own values in ``$DATA_DIR/demo.env`` (config/demo.py writes it), so that ``manage.py`` works
beside it with no settings of its own. The variables are described in docs/operators.md.
"""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from pythonjsonlogger.core import RESERVED_ATTRS

from config import sentry

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
DATA_DIR = Path(env.str("DATA_DIR", default="") or BASE_DIR / ".data").resolve()
env.read_env(DATA_DIR / "demo.env")

DEMO = env.bool("DEMO", default=False)
DEBUG = env.bool("DEBUG", default=False)


def required(name: str, meaning: str) -> str:
    """A setting without a default: Tandem does not start without it."""
    if value := env.str(name, default=""):
        return value
    raise ImproperlyConfigured(f"Set {name} in the environment: {meaning}. docs/operators.md tells more.")


def fernet_keys(text: str) -> list[str]:
    keys = [key.strip() for key in text.split(",") if key.strip()]
    try:
        [Fernet(key) for key in keys]
    except ValueError as error:
        raise ImproperlyConfigured(f"TOKEN_KEYS must be Fernet keys, separated by commas: {error}") from error
    return keys


SECRET_KEY = required("SECRET_KEY", "a long random text that signs sessions")
# Fernet keys for secrets kept in the database, newest first; older ones still decrypt.
TOKEN_KEYS = fernet_keys(required("TOKEN_KEYS", "the keys that encrypt Salesforce's tokens"))
SITE_URL = env.str("SITE_URL", default="https://localhost").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[urlsplit(SITE_URL).hostname or "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])

INSTALLED_APPS = [
    "users",
    "common",
    "directory",
    "accounts",
    "contacts",
    "deals",
    "activities",
    "integrations",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_filters",
    "django_htmx",
    "django_q",
    "drf_spectacular",
    "pghistory",
    "pgtrigger",
    "rest_framework",
    "rest_framework.authtoken",
    "csp",
    "whitenoise.runserver_nostatic",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
]

MIDDLEWARE = [
    "config.metrics.DurationMiddleware",
    "common.logs.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "common.middleware.HeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "common.middleware.FragmentMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    "users.middleware.UserMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    }
]

FORM_RENDERER = "common.forms.Renderer"

# One engine everywhere. No connection pool: the workers of django-q2 fork after connecting, and a pool then hangs.
DATABASE_URL = required("DATABASE_URL", "the address of PostgreSQL, postgresql://user:password@host/name")
DATABASES = {"default": env.db_url_config(DATABASE_URL) | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# History says who changed what; only requests that write need its context.
PGHISTORY_MIDDLEWARE_METHODS = ("POST", "PUT", "PATCH", "DELETE")

CACHES = {
    # Shared by all processes: sign-ins that failed are counted in it. ``migrate`` makes the table.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

# Jobs: wake-ups only. The work and its retries live in our own rows, so a lost or doubled wake-up changes nothing.
PEOPLE_CLUSTER = "people"  # its worker serves what a person waits for, and nothing else
Q_CLUSTER = {
    "name": "background",
    "orm": "default",
    "workers": env.int("WORKERS", default=2),
    "timeout": 90,
    "retry": 120,
    "ack_failures": True,
    "max_attempts": 1,
    "catch_up": False,
    "recycle": 500,
    "save_limit": 100,
    "poll": 0.2,
    "label": "Jobs",
    "ALT_CLUSTERS": {PEOPLE_CLUSTER: {"workers": env.int("PEOPLE_WORKERS", default=1)}},
}
PUSH_WORKERS = env.int("PUSH_WORKERS", default=Q_CLUSTER["workers"])  # that work off one lane at once, on all hosts
if REDIS_URL := env.str("REDIS_URL", default=""):
    Q_CLUSTER |= {"orm": None, "redis": REDIS_URL, "broker_class": "common.wakeups.WakeUps"}

AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "users.adapters.ClosedSignupAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # an address is an admin's word: only invited people have a sign-in
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_RATE_LIMITS = {  # of signing in with Salesforce and its panel; what allauth limits stays as it is
    "org_sign_in": "20/5m/ip",
    "panel_code": "20/5m/user",
    "panel_org": "20/5m/ip",
    "panel_token": "60/5m/ip",
    "panel_write": "120/m/user",
}
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # no mail to whatever address somebody typed

MFA_ADAPTER = "users.adapters.SealedFactorAdapter"
MFA_TOTP_ISSUER = "Tandem"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RECOVERY_CODES_SHOW_ONCE = True  # whoever finds a signed-in browser does not find a way back in

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [
    BASE_DIR / "static",
    # Not its folder "libs": stylesheets there point at files that the package lacks, and collectstatic refuses them.
    ("chart.js", BASE_DIR / "node_modules/chart.js/dist"),
    ("sortablejs", BASE_DIR / "node_modules/sortablejs"),
    *((f"tabler/{kind}", BASE_DIR / "node_modules/@tabler/core/dist" / kind) for kind in ("css", "img", "js")),
]
WHITENOISE_USE_FINDERS = DEBUG or DEMO
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

SECURE_TRANSPORT = SITE_URL.startswith("https://")
SECURE_SSL_REDIRECT = SECURE_TRANSPORT and env.bool("SECURE_SSL_REDIRECT", default=True)
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# Failed sign-ins are counted by the address before the proxies, not by theirs.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=int(BEHIND_PROXY))
SECURE_REDIRECT_EXEMPT = [r"^healthz(/|$)", r"^metrics$"]  # balancers and Prometheus ask the process itself
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_TRANSPORT else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_TRANSPORT
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_TRANSPORT
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
if SECURE_TRANSPORT:  # no other host of the domain, and nobody on the way, can set cookies of these names
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "frame-src": [SELF],
        "img-src": [SELF, "data:"],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
    }
}

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 20  # seconds: less than a worker stays with one job
# People name the servers of their mailboxes and calendars: these may lie in private networks, and do without TLS.
MAIL_PRIVATE_HOSTS = env.bool("MAIL_PRIVATE_HOSTS", default=False)
MAIL_MINUTES = env.float("MAIL_MINUTES", default=5.0)  # between two looks at a mailbox or a calendar
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Tandem <tandem@localhost>")

# Services that the directory asks beside what admins load: what makes each, by its dotted path (docs/developers.md).
DIRECTORY_PROVIDERS = env.list("DIRECTORY_PROVIDERS", default=[])
DIRECTORY_HTTP_URL = env.str("DIRECTORY_HTTP_URL", default="")
DIRECTORY_HTTP_TOKEN = env.str("DIRECTORY_HTTP_TOKEN", default="")
DIRECTORY_HTTP_NAME = env.str("DIRECTORY_HTTP_NAME", default="Data service")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "users.authentication.ExtensionTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["common.api.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "common.paging.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "common.api.throttling.PerProcessThrottle",
        "users.authentication.ExtensionThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"user": env.str("API_RATE", default="6000/min")},  # each user, in each web process
    "EXCEPTION_HANDLER": "common.api.errors.problem",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# Requests of one token of a browser extension, by its scope, in each web process.
EXTENSION_RATES = {
    "extension": env.str("EXTENSION_RATE", default="120/min"),
    **env.dict("EXTENSION_RATES", default={}),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tandem",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "RecordKindEnum": "common.models.RecordKind",
        "SyncedKindEnum": "integrations.models.SyncedKind",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "common.api.schema.complete",
    ],
}

# Salesforce. The app's client id and secret may stand here instead of being typed in the settings page.
SALESFORCE_CLIENT_ID = env.str("SALESFORCE_CLIENT_ID", default="")
SALESFORCE_CLIENT_SECRET = env.str("SALESFORCE_CLIENT_SECRET", default="")
SALESFORCE_LOGIN_URL = env.str("SALESFORCE_LOGIN_URL", default="https://login.salesforce.com")
# People who have connected their login may sign in to Tandem with it.
SALESFORCE_SIGN_IN = env.bool("SALESFORCE_SIGN_IN", default=False)
# The one address that may be spoken to without TLS and outside Salesforce's domains: a local org for trying things out.
SALESFORCE_LOCAL_ORG = env.str("SALESFORCE_LOCAL_ORG", default="").rstrip("/")
# Origins whose pages may frame the panel beside those of the connected org's My Domain: those of a local org, of a
# Visualforce page in a package (acme--package.vf.force.com), of a cloud with names of its own.
SALESFORCE_FRAME_HOSTS = env.list("SALESFORCE_FRAME_HOSTS", default=[])
# Waiting changes of one object that go as jobs: at 5,000 a third of the calls of batches, and up to twice their time.
SYNC_BULK_FROM = env.int("SYNC_BULK_FROM", default=20_000)
SYNC_TIMEOUT = env.float("SYNC_TIMEOUT", default=60.0)  # seconds for one answer
SALESFORCE_SETUP_HOURS = env.float("SALESFORCE_SETUP_HOURS", default=6.0)

# Who sends it as a bearer token reads /metrics; without one there are none.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

LOG_FORMAT = env.str("LOG_FORMAT", default="plain")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "{asctime} {levelname} {name}: {message}{about}", "style": "{"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "{levelname}{name}{message}",
            "style": "{",
            "rename_fields": {"levelname": "level", "name": "logger"},
            "timestamp": "at",
            "reserved_attrs": [*RESERVED_ATTRS, "about", "request", "server_time", "status_code"],
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["ids"]}},
    "filters": {
        "ids": {"()": "django.utils.log.CallbackFilter", "callback": "ext://common.logs.with_ids"},
        "refusals": {"()": "django.utils.log.CallbackFilter", "callback": "ext://common.logs.refusals_in_a_line"},
    },
    "loggers": {
        "django.request": {"filters": ["refusals"]},
        # Their finer lines hold addresses of secret calendars, and mail.
        "imapclient": {"level": "INFO"},
        "urllib3": {"level": "INFO"},
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}

# Errors go there as well, without what people wrote and without secrets.
if SENTRY_DSN := env.str("SENTRY_DSN", default=""):
    sentry.begin(SENTRY_DSN, env.str("SENTRY_ENVIRONMENT", default="production"))
