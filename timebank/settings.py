"""Settings: `TIMEBANK_*` variables, secrets in files of those names, and a TOML file.

A name that is no setting's is refused, in a variable as in the file: whoever misspells one would
otherwise rely on what was never set. What is wrong is named and never said, for it may be a secret.
"""

import base64
import os
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from timebank.working_days import table_with

FILE = "timebank.toml"
OF_TESTS = "test_"
"""How the names of variables go on that only the tests read."""
CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""The variable in which systemd names the directory of a service's credentials."""
MOUNTED = Path("/run/secrets")
"""Where containers are given theirs."""


class WrongSettings(ValueError):
    """What was set is no setting, or none of its kind."""


class Variables(EnvSettingsSource):
    """The environment, whose unknown names are told like those of the file."""

    def __call__(self) -> dict[str, Any]:
        """Every setting that a variable gives, and every variable that is none's."""
        prefix = self.env_prefix.lower()
        ours = [n.removeprefix(prefix) for n in self.env_vars if n.startswith(prefix)]
        fields = self.settings_cls.model_fields
        unknown = [name for name in ours if name not in fields and not name.startswith(OF_TESTS)]
        return dict.fromkeys(unknown, "") | super().__call__()


class ProviderSettings(BaseModel):
    """Somebody whose word signs people in: an OpenID provider, and what it knows us by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,19}$", description="Its name in addresses.")
    title: str = Field(min_length=1, max_length=40, description="What people call it.")
    issuer: str = Field(
        pattern=r"^(https://[^\s?#]+|http://(127\.0\.0\.1|localhost)(:\d+)?(/[^\s?#]*)?)$",
        description="Its issuer, from which everything else of it is discovered.",
    )
    client_id: str
    client_secret: SecretStr


class WebhookSettings(BaseModel):
    """A program that is told, signed, which entries came."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,19}$", description="What we call it.")
    url: str = Field(
        pattern=r"^(https://[^\s?#@]+|http://(127\.0\.0\.1|localhost)(:\d+)?(/[^\s?#]*)?)$",
        description="Where it listens.",
    )
    secret: SecretStr = Field(description="What signs: `whsec_` and 24 to 64 bytes in base64.")
    kinds: tuple[str, ...] = Field(
        default=(), description="Kinds of entries, or all of a noun as `hours.`; empty: every kind."
    )

    @field_validator("secret")
    @classmethod
    def _signs(cls, secret: SecretStr) -> SecretStr:
        """A secret that others could guess, or that no library reads, is none."""
        told = secret.get_secret_value()
        try:
            size = len(base64.b64decode(told.removeprefix("whsec_"), validate=True))
        except ValueError:
            size = 0
        if not told.startswith("whsec_") or not 24 <= size <= 64:
            raise ValueError("a secret is whsec_ and 24 to 64 bytes in base64")
        return secret


Named = TypeVar("Named", bound=tuple[ProviderSettings | WebhookSettings, ...])


class Settings(BaseSettings):
    """Where things are and how the server listens."""

    model_config = SettingsConfigDict(
        env_prefix="TIMEBANK_", extra="forbid", toml_file=FILE, frozen=True
    )

    data: Path = Field(default=Path("data"), description="Directory of database and keys.")
    database: str = Field(default="", description="Database URL; empty: SQLite in `data`.")
    replica: str = Field(
        default="",
        pattern=r"^(postgres(ql)?://.+)?$",
        description="URL of a streaming standby of the database, which answers questions.",
    )
    origin: str = Field(default="timebank.example/wuhan", description="The log's name.")
    anchor: Path | None = Field(
        default=None, description="File of the last signed checkpoint; by default in `data`."
    )
    postgresql_tools: Path | None = Field(
        default=None, description="Directory of pg_dump and pg_restore; by default on PATH."
    )
    files: Path | None = Field(
        default=None, description="Directory of files handed in, sealed; by default in `data`."
    )
    s3_bucket: str = Field(
        default="", description="Bucket of files handed in, sealed; a directory if there is none."
    )
    s3_endpoint: str = Field(
        default="",
        pattern=r"^(https?://[^\s/?#]+)?$",
        description="Address of the S3-compatible service, as https://objects.example.",
    )
    s3_region: str = Field(default="us-east-1", description="Region that the service signs for.")
    s3_key_id: str = Field(default="", description="Access key of the bucket.")
    s3_secret: SecretStr = Field(default=SecretStr(""), description="Secret of that key.")
    quorum: Path | None = Field(
        default=None, description="File of the witnesses that cosign the log; none by default."
    )
    master: SecretStr = Field(
        default=SecretStr(""), description="The master key in base64; by default a file in `data`."
    )
    master_command: str = Field(
        default="", description="Shell command that prints the master key, as of a key service."
    )
    next_master: SecretStr = Field(
        default=SecretStr(""), description="The master key that follows, while a rotation lasts."
    )
    next_master_command: str = Field(
        default="", description="Shell command that prints the master key that follows."
    )
    epoch_kept_days: int = Field(
        default=7,
        ge=1,
        description="Days for which last month's key still opens last month's backups.",
    )
    address: str = Field(
        default="",
        pattern=r"^(https?://[^\s/?#]+)?$",
        description="The public address, as https://time.example: printed codes lead there.",
    )
    staff_second_factor: bool = Field(
        default=True, description="Whether roles rest in sessions without a second factor."
    )
    providers: tuple[ProviderSettings, ...] = Field(
        default=(), description="OpenID providers by whose word people sign in."
    )
    webhooks: tuple[WebhookSettings, ...] = Field(
        default=(), description="Programs that are told which entries came."
    )
    passkeys: bool = Field(
        default=False, description="Whether people sign in by passkeys; wants the extra passkeys."
    )
    working_days: Path | None = Field(
        default=None,
        description="File of public holidays announced since this version, a year after another.",
    )
    help_telephone: str = Field(
        default="027-12345", description="Where people help by telephone; on every page."
    )
    notify_mail: SecretStr = Field(
        default=SecretStr(""),
        description="The mail server as an apprise address, as mailtos://user:secret@example.org.",
    )
    notify_tools: str = Field(
        default="",
        description="Chat tools that people may be told by, as apprise names: dingtalk wecombot.",
    )
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    servers: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="How many servers share the callers, and their limits.",
    )
    development: bool = False

    @field_validator("providers", "webhooks")
    @classmethod
    def _named(cls, given: Named) -> Named:
        """Of two with one name the second would never be asked, or told."""
        if len({one.name for one in given}) < len(given):
            raise ValueError("two have one name")
        return given

    @field_validator("working_days")
    @classmethod
    def _counts(cls, given: Path | None) -> Path | None:
        """A clock must not start on days that nobody can read."""
        try:
            table_with(given)
        except OSError as error:
            raise ValueError(f"{given} cannot be read: {error.strerror}") from None
        return given

    @property
    def database_url(self) -> str:
        """The database's URL, absolute."""
        return self.database or f"sqlite:///{(self.data / 'timebank.db').resolve()}"

    @property
    def master_key(self) -> Path:
        """The master key's file."""
        return self.data / "keys" / "master.key"

    @property
    def next_master_key(self) -> Path:
        """The file of the master key that follows, while a rotation lasts."""
        return self.data / "keys" / "master.next.key"

    @property
    def steady_key(self) -> Path:
        """The file of the key that no rotation changes, sealed by the master key."""
        return self.data / "keys" / "steady.key"

    @property
    def epoch_keys(self) -> Path:
        """The directory of the months' keys, sealed by the master key; in no backup."""
        return self.data / "keys" / "epochs"

    @property
    def file_directory(self) -> Path:
        """Where files that were handed in lie, each sealed with its own key, without a bucket."""
        return self.files or self.data / "files"

    @property
    def log_key(self) -> Path:
        """The file of the key that signs the log, sealed by the master key."""
        return self.data / "keys" / "log.key"

    @property
    def next_log_key(self) -> Path:
        """The file of the key that signs beside the log's while a rotation lasts."""
        return self.data / "keys" / "log.next.key"

    @property
    def log_vkey(self) -> Path:
        """The file of the log's verifier keys, one a line, which everybody may have."""
        return self.data / "keys" / "log.vkey"

    @property
    def retired_vkeys(self) -> Path:
        """The file of verifier keys that signed once: old checkpoints and receipts need them."""
        return self.data / "keys" / "retired.vkey"

    @property
    def anchor_file(self) -> Path:
        """The last signed checkpoint: outside the database, and in no backup of it."""
        return self.anchor or self.data / "anchor" / "checkpoint"

    @property
    def erased_file(self) -> Path:
        """The ids of erased persons, beside the anchor: a restored copy is erased again."""
        return self.anchor_file.with_name("erased")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        named = os.environ.get(CREDENTIALS)
        places = [MOUNTED, *([Path(named)] if named else [])]
        return (
            init_settings,
            Variables(settings_cls),
            SecretsSettingsSource(settings_cls, [place for place in places if place.is_dir()]),
            TomlConfigSettingsSource(settings_cls),
        )


def read_settings(**given: Any) -> Settings:
    """The settings, those given before all others.

    Raises WrongSettings, which names what is wrong without what stands there.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        found = error.errors(include_input=False, include_context=False, include_url=False)
        wrong = [(".".join(map(str, one["loc"])), one["type"], one["msg"]) for one in found]
        no = "there is no such setting"
        says = "; ".join(
            f"{name}: {no if kind == 'extra_forbidden' else what}" for name, kind, what in wrong
        )
        raise WrongSettings(f"{says} (TIMEBANK_*, secrets or {FILE})") from None
    except ValueError as error:
        raise WrongSettings(f"{error} (TIMEBANK_* or {FILE})") from None
