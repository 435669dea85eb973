"""What an engine's fingerprint is made of."""

from __future__ import annotations

from pydantic import BaseModel, SecretStr

from v6core.config.secret import Secret
from v6core.engine.fingerprint import fingerprint


class Account(BaseModel):
    """A part of some settings."""

    name: str = "U1"
    password: str = "hidden"  # noqa: S105 -- what must not be seen


class Settings(BaseModel):
    """Some plugin's settings."""

    model_config = {"arbitrary_types_allowed": True}

    port: int = 4002
    account: Account = Account()
    token: SecretStr = SecretStr("x")
    login: Secret = Secret("env:LOGIN")
    names: frozenset[str] = frozenset({"a", "b", "c"})


def test_it_is_the_same_for_the_same() -> None:
    assert fingerprint("p 1", Settings()) == fingerprint("p 1", Settings())


def test_a_setting_changes_it_however_deep() -> None:
    assert fingerprint("p 1", Settings()) != fingerprint("p 1", Settings(port=4001))
    assert fingerprint("p 1", Settings()) != fingerprint("p 1", Settings(account=Account(name="U2")))


def test_a_secret_or_where_it_is_kept_does_not_change_it() -> None:
    other = Settings(
        account=Account(password="other"),  # noqa: S106
        token=SecretStr("y"),
        login=Secret("file:login"),
    )
    assert fingerprint("p 1", other) == fingerprint("p 1", Settings())


def test_the_plugins_version_changes_it() -> None:
    assert fingerprint("p 1", Settings()) != fingerprint("p 2", Settings())
