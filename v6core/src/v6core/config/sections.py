"""What a program is given: the sections of the configuration as frozen models, and where each value came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import auto
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from v6core.config.origins import DEFAULT, KeyPath, Origin, origin_of
from v6core.config.problems import Problem, did_you_mean, keys_at, looks_secret, quoted, refuse, validated
from v6core.config.secret import Secret
from v6core.errors import ConfigurationError
from v6core.risk import RiskLimits
from v6core.words import Word

Settings = TypeVar("Settings", bound=BaseModel)


def _no_truth(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"must be a number of seconds, not {str(value).lower()}")
    return value


Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False), BeforeValidator(_no_truth)]
"""A span of time above zero and of a day at most."""


class OnExit(Word):
    """What becomes of working orders when the engine is stopped."""

    KEEP = auto()
    CANCEL_ENTRIES = auto()
    CANCEL_ALL = auto()


class JournalSection(BaseModel):
    """The ``[journal]`` section: where the durable record is kept; ``{broker}`` in it becomes the broker's name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Path(".v6/journal.db")


class EngineSection(BaseModel):
    """The ``[engine]`` section: how long the engine waits for the broker, in seconds.

    An order unanswered for ``ack_deadline`` is in doubt, and so is a cancel or a modify after ``cancel_deadline``.
    Connecting fails after ``connect_deadline``; a question that changes nothing (a quote, a chain, a snapshot) after
    ``question_deadline``.

    An order in doubt is proved absent by complete snapshots at least ``settle`` apart, not before ``grace`` has passed
    in a connection younger than the order; both are there because a broker may still work off what it was sent. Within
    ``resend_window`` of its first sending it is sent again to a broker that refuses a second one.

    ``on_exit`` says what becomes of working orders at a stop: kept, the entries cancelled, or all. ``allow_emulated``
    lets v6 keep brackets and one-cancels-all groups where the broker does not. What is held without the exits that it
    was opened with for ``protect_deadline`` is told by an alarm, and so is a split roll that cannot go on.

    An event loop that is blocked for ``watchdog`` seconds is told, with who blocks it, and one blocked for
    ``block_limit`` halts trading. A change of the broker's settings or plugin while orders are open is refused unless
    ``accept_change``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ack_deadline: Seconds = 5
    cancel_deadline: Seconds = 5
    connect_deadline: Seconds = 30
    question_deadline: Seconds = 10
    settle: Seconds = 5
    grace: Seconds = 30
    resend_window: Seconds = 30
    protect_deadline: Seconds = 5
    on_exit: OnExit = OnExit.KEEP
    allow_emulated: bool = False
    watchdog: Seconds = 0.25
    block_limit: Seconds = 5
    accept_change: bool = False


class BrokerSection(BaseModel):
    """One ``[brokers.NAME]``: the plugin's name, and the rest as it was written, for the plugin's own model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    plugin: str
    settings: Mapping[str, Any] = Field(default_factory=dict[str, Any], repr=False)
    folder: Path = Field(default_factory=Path.cwd, exclude=True, repr=False)
    origins: Mapping[KeyPath, Origin] = Field(default_factory=dict[KeyPath, Origin], exclude=True, repr=False)


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of ``v6 config show``: a key, its value as it may be shown, and where it came from."""

    key: str
    value: Any
    origin: Origin


class Configuration(BaseModel):
    """All that a program is configured with. Paths are absolute; ``folder`` is the file's, else the working folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    broker: str
    brokers: Mapping[str, BrokerSection]
    extensions: tuple[str, ...] = ()
    risk: RiskLimits = RiskLimits()
    journal: JournalSection = JournalSection()
    engine: EngineSection = EngineSection()
    path: Path | None = None
    folder: Path = Field(default_factory=Path.cwd)
    origins: Mapping[KeyPath, Origin] = Field(default_factory=dict[KeyPath, Origin], exclude=True, repr=False)

    @property
    def chosen(self) -> BrokerSection:
        """The section of the broker that is chosen."""
        return self.brokers[self.broker]

    @property
    def halt_file(self) -> Path | None:
        """The file that halts while it exists; None where the configuration has switched it off."""
        return None if self.risk.halt_file == "off" else Path(self.risk.halt_file)

    def origin(self, *path: str) -> Origin:
        """Return where a value came from, as in ``origin("risk", "max_order_value")``."""
        return self.origins.get(path, DEFAULT)

    def show(self) -> Iterator[Setting]:
        """Yield each setting with its origin; of secrets, their references alone."""
        yield self._setting(("broker",), self.broker)
        yield self._setting(("extensions",), list(self.extensions))
        for name, section in self.brokers.items():
            yield self._setting(("brokers", name, "plugin"), section.plugin)
            yield from (self._setting(("brokers", name, key), value) for key, value in section.settings.items())
        for title, part in (("risk", self.risk), ("journal", self.journal), ("engine", self.engine)):
            for key in type(part).model_fields:
                yield self._setting((title, key), getattr(part, key))

    def _setting(self, path: tuple[str, ...], value: Any) -> Setting:
        shown = "off" if value is None else _shown(path[-1], value)
        return Setting(quoted(path), shown, self.origin(*path))


def _shown(key: str, value: Any) -> Any:
    """Return a value as JSON takes it; what is called like a secret and is no reference to one is masked."""
    if isinstance(value, Mapping):
        return {str(name): _shown(str(name), inner) for name, inner in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # what a plugin's section holds
    if looks_secret(key):
        return _reference(value)
    if isinstance(value, list | tuple):
        return [_shown(key, inner) for inner in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value if isinstance(value, bool | int | float) else str(value)


def _reference(value: Any) -> str:
    try:
        return str(Secret(value))
    except (ValueError, AttributeError):
        return "***"


def settings_for(section: BrokerSection, model: type[Settings]) -> Settings:
    """Return a broker's section as its plugin's model; ConfigurationError tells all that is wrong with it, with lines.

    Keys that the model does not know are errors, unless it allows extra ones itself.
    """
    base: KeyPath = ("brokers", section.name)
    problems, values = _sort_out(section, model, base)
    try:
        made = validated(model, values, section.origins, base, {"folder": section.folder})
    except ConfigurationError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"[{quoted(base)}] cannot be checked: the settings of plugin {section.plugin!r} failed with "
            f"{type(error).__name__}",
            hint="this is a fault of the plugin; tell its author",
        ) from error
    if isinstance(made, BaseModel) and not problems:
        return made
    refuse([*problems, *(made if isinstance(made, list) else [])])
    raise AssertionError("a refused section has problems")


def _sort_out(section: BrokerSection, model: type[BaseModel], base: KeyPath) -> tuple[list[Problem], dict[str, Any]]:
    known = keys_at(model, ())
    if model.model_config.get("extra") == "allow":
        return [], dict(section.settings)
    problems = [
        Problem(
            origin_of((*base, key), section.origins), f'[{quoted(base)}] has no key "{key}"{did_you_mean(key, known)}'
        )
        for key in section.settings
        if key not in known
    ]
    return problems, {key: value for key, value in section.settings.items() if key in known}
