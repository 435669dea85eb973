"""References to secrets: fetched on use, and never to be seen anywhere else."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel, ValidationError

from v6core.config import Secret, load, settings_for
from v6core.errors import ConfigurationError

CANARY = "hunter2-canary"


class Login(BaseModel):
    password: Secret
    user: str = ""


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_secret_comes_from_the_environment_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Secret("env:V6_TEST_SECRET")
    monkeypatch.setenv("V6_TEST_SECRET", CANARY)
    assert secret.reveal() == CANARY
    monkeypatch.setenv("V6_TEST_SECRET", "another")
    assert secret.reveal() == "another"


def test_a_secret_comes_from_a_private_file_without_its_line_end(tmp_path: Path) -> None:
    private(tmp_path / "key", f"{CANARY}\n")
    assert Secret("file:key", tmp_path).reveal() == CANARY


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX's")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "key", CANARY, mode)
    with pytest.raises(ConfigurationError, match=f"can be read by others \\(mode {mode:04o}\\)") as caught:
        Secret(f"file:{path}").reveal()
    assert caught.value.hint == f"chmod 600 {path}"


def test_a_relative_file_starts_at_the_folder_of_the_configuration(tmp_path: Path) -> None:
    private(tmp_path / "key", CANARY)
    (tmp_path / "v6.toml").write_text('[brokers.x]\nplugin = "p"\npassword = "file:key"')
    chosen = load(tmp_path / "v6.toml", environment={}, folder=Path("/")).chosen
    assert settings_for(chosen, Login).password.reveal() == CANARY


def test_a_secret_comes_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = ModuleType("keyring")
    keyring.get_password = lambda service, name: {("v6", "ib/a"): CANARY}.get((service, name))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    assert Secret("keyring:v6/ib/a").reveal() == CANARY
    with pytest.raises(ConfigurationError, match="is not in the keyring"):
        Secret("keyring:v6/other").reveal()


def test_a_missing_keyring_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigurationError, match="needs the package keyring") as caught:
        Secret("keyring:v6/ib").reveal()
    assert caught.value.hint == 'pip install "v6core[keyring]"'


def test_a_keyring_that_fails_tells_no_more_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(service: str, name: str) -> str:
        raise RuntimeError(CANARY)

    keyring = ModuleType("keyring")
    keyring.get_password = fail  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    with pytest.raises(ConfigurationError, match="cannot be fetched: RuntimeError") as caught:
        Secret("keyring:v6/ib").reveal()
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("place", ["env:V6_NOT_THERE", "file:/not/there", "file:/", "file:~no-such-user/x"])
def test_a_secret_that_is_not_there_is_told(place: str) -> None:
    with pytest.raises(ConfigurationError, match="the secret"):
        Secret(place).reveal()


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    private(tmp_path / "key", "\n")
    with pytest.raises(ConfigurationError, match="is empty"):
        Secret("file:key", tmp_path).reveal()


def test_a_binary_file_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(ConfigurationError, match="not a short text"):
        Secret("file:key", tmp_path).reveal()


def test_a_secret_shows_its_reference_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V6_TEST_SECRET", CANARY)
    login = Login.model_validate({"password": "env:V6_TEST_SECRET"})
    assert login.password.reveal() == CANARY
    shown = f"{login!r} {login} {login.model_dump()} {login.model_dump_json()} {login.password!r}"
    assert CANARY not in shown
    assert login.model_dump_json() == '{"password":"env:V6_TEST_SECRET","user":""}'


@pytest.mark.parametrize(
    "text", [CANARY, f" {CANARY}", f"ENV:{CANARY}", "env:", "keyring:x", "", f"env:{CANARY}\n{CANARY}"]
)
def test_what_is_no_reference_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValidationError) as raw:
        Login.model_validate({"password": text})
    with pytest.raises(ValueError, match="a secret is a reference"):
        Secret(text)
    variables = {"V6_BROKERS__X__PLUGIN": "p", "V6_BROKERS__X__PASSWORD": text, "V6_BROKERS__X__USER": "[1]"}
    with pytest.raises(ConfigurationError, match="a secret is a reference") as told:
        settings_for(load(environment=variables, folder=tmp_path).chosen, Login)
    assert CANARY not in f"{raw.value} {told.value} {told.value.hint}"


def test_a_number_is_no_reference(tmp_path: Path) -> None:
    (tmp_path / "v6.toml").write_text('[brokers.x]\nplugin = "p"\npassword = 31337')
    with pytest.raises(ConfigurationError, match="a secret is a reference") as caught:
        settings_for(load(environment={}, folder=tmp_path).chosen, Login)
    assert "31337" not in str(caught.value)
