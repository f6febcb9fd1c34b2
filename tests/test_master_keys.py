"""The master key: where it comes from, that it hides, and what is said when it is the wrong one."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from ledger.signer import UnusableKey
from tests.commands import new_ledger, timebank
from tests.world import key
from timebank.actors import SYSTEM
from timebank.bank import init, open_bank
from timebank.identity import DocumentType
from timebank.master_keys import (
    Master,
    WrongMasterKey,
    destroy,
    open_signer,
    read_key,
    read_masters,
    rewrap,
    write_key,
    write_master,
)
from timebank.people import register_person
from timebank.settings import Settings

KEY = bytes(range(32))
ONE, OTHER = Master.of(KEY), Master.of(bytes(32))


def at(directory: Path, **given: Any) -> Settings:
    """Settings of a data directory."""
    return Settings(data=directory / "d", database=f"sqlite:///{directory}/t.db", **given)


def test_a_master_key_file_is_for_its_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    settings = at(tmp_path)
    made = write_master(settings.master_key)
    assert settings.master_key.stat().st_mode & 0o777 == 0o600
    assert read_masters(settings) == (made,)
    with pytest.raises(FileExistsError):
        write_master(settings.master_key)
    assert read_masters(settings) == (made,)


@pytest.mark.parametrize("text", [base64.b64encode(KEY).decode(), KEY.hex(), KEY.hex().upper()])
def test_a_master_key_comes_from_a_variable_or_a_command_too(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_masters(at(tmp_path, master_command=f"echo '{text}'")) == (ONE,)
    monkeypatch.setenv("TIMEBANK_MASTER", text)
    settings = at(tmp_path)
    assert read_masters(settings) == (ONE,)
    assert text not in repr(settings)
    assert text not in str(settings.model_dump())


def test_a_master_key_and_its_id_tell_nothing_of_it() -> None:
    told = f"{ONE!r} {ONE}"
    assert ONE.id in told
    for shown in (KEY.hex(), repr(KEY), base64.b64encode(KEY).decode()):
        assert shown not in told
    assert ONE.id != OTHER.id
    assert KEY.hex()[:16] not in ONE.id


@pytest.mark.parametrize(
    "text", ["", "short", base64.b64encode(KEY[:31]).decode(), "*" * 44, '{"id":"key_1"}', "é" * 44]
)
def test_what_is_no_master_key_is_refused_without_being_repeated(tmp_path: Path, text: str) -> None:
    (tmp_path / "told").write_text(text)
    with pytest.raises(WrongMasterKey) as refused:
        read_masters(at(tmp_path, master_command=f"cat {tmp_path}/told"))
    assert len(text) < 5 or text not in str(refused.value)


def test_a_command_that_fails_is_told_of_and_not_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(WrongMasterKey) as refused:
        read_masters(at(tmp_path, master_command="echo secret; echo secret >&2; false"))
    assert "command" in str(refused.value)
    assert "echo" not in str(refused.value)


def test_a_file_whose_key_is_not_the_one_it_names_is_damaged(tmp_path: Path) -> None:
    settings = at(tmp_path)
    write_master(settings.master_key)
    told = json.loads(settings.master_key.read_bytes())
    told["master"] = base64.b64encode(KEY).decode()
    settings.master_key.write_text(json.dumps(told))
    with pytest.raises(WrongMasterKey, match="damaged"):
        read_masters(settings)


def test_a_wrapped_key_opens_with_its_master_key_its_use_and_its_id_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "x.key"
    write_key(path, use="epoch", id="e1", key=KEY, master=ONE)
    assert KEY not in path.read_bytes()
    assert base64.b64encode(KEY) not in path.read_bytes()
    assert read_key(path, use="epoch", id="e1", masters=[OTHER, ONE]) == KEY
    with pytest.raises(WrongMasterKey, match=ONE.id):
        read_key(path, use="epoch", id="e1", masters=[OTHER])
    with pytest.raises(WrongMasterKey):
        read_key(path, use="epoch", id="e2", masters=[ONE])
    with pytest.raises(WrongMasterKey):
        read_key(path, use="steady", id="e1", masters=[ONE])
    # A file that only says it is another key, or another master's, does not open.
    told = json.loads(path.read_bytes())
    for change in ({"id": "e2"}, {"use": "steady"}, {"master": OTHER.id}):
        path.write_text(json.dumps(told | change))
        use, id = (told | change)["use"], (told | change)["id"]
        with pytest.raises(WrongMasterKey):
            read_key(path, use=use, id=id, masters=[ONE, OTHER])


def test_wrapping_anew_leaves_the_old_master_key_outside(tmp_path: Path) -> None:
    path = tmp_path / "x.key"
    write_key(path, use="epoch", id="e1", key=KEY, master=ONE)
    for _ in range(2):
        rewrap(path, masters=[ONE, OTHER], to=OTHER)
        assert read_key(path, use="epoch", id="e1", masters=[OTHER]) == KEY
    with pytest.raises(WrongMasterKey):
        read_key(path, use="epoch", id="e1", masters=[ONE])


def test_a_destroyed_key_is_overwritten_before_its_name_goes(tmp_path: Path) -> None:
    path, beside = tmp_path / "x.key", tmp_path / "beside"
    write_key(path, use="epoch", id="e1", key=KEY, master=ONE)
    before = path.read_bytes()
    beside.hardlink_to(path)
    destroy(path)
    destroy(path)
    assert not path.exists()
    assert len(beside.read_bytes()) == len(before)
    assert beside.read_bytes()[20:] != before[20:]
    assert json.loads(before)["sealed"].encode() not in beside.read_bytes()


@pytest.mark.anyio
async def test_a_wrong_master_key_opens_nothing_and_says_what_to_do(tmp_path: Path) -> None:
    settings = at(tmp_path)
    await init(settings)
    (right,) = read_masters(settings)
    settings.master_key.rename(tmp_path / "right.key")
    wrong = write_master(settings.master_key)
    with pytest.raises(WrongMasterKey) as refused:
        async with open_bank(settings):
            pass
    assert right.id in str(refused.value)
    assert wrong.id in str(refused.value)
    with pytest.raises(UnusableKey, match=wrong.id):
        open_signer(settings, settings.log_key)
    settings.master_key.unlink()
    with pytest.raises(WrongMasterKey, match="TIMEBANK_MASTER"):
        async with open_bank(settings):
            pass
    (tmp_path / "right.key").rename(settings.master_key)
    async with open_bank(settings):
        pass


@pytest.mark.anyio
async def test_keys_of_another_ledger_are_noticed_at_the_start(tmp_path: Path) -> None:
    mine = Settings(data=tmp_path / "a", database=f"sqlite:///{tmp_path}/a.db")
    theirs = Settings(data=tmp_path / "b", database=f"sqlite:///{tmp_path}/b.db")
    await init(mine)
    await init(theirs)
    async with open_bank(mine):
        await register_person(
            SYSTEM,
            name="王秀英",
            document=DocumentType.RESIDENT_ID,
            document_number="11010519491231002X",
            phone="13900000000",
            home=None,
            consent=True,
            key=key(),
        )
    for path in (mine.steady_key, mine.master_key, *mine.epoch_keys.iterdir()):
        path.unlink()
    for path in (theirs.steady_key, theirs.master_key, *theirs.epoch_keys.iterdir()):
        copied = mine.data / path.relative_to(theirs.data)
        copied.write_bytes(path.read_bytes())
    with pytest.raises(WrongMasterKey, match="put this ledger's keys in place"):
        async with open_bank(mine):
            pass


def test_a_server_does_not_start_with_a_wrong_master_key(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "d"))
    new_ledger(tmp_path / "d")
    path = tmp_path / "d" / "keys" / "master.key"
    path.unlink()
    write_master(path)
    told = timebank(*data, "serve", "--port", "0")
    assert told.exit_code == 3
    assert "is sealed by the master key key_" in told.stderr
    assert "TIMEBANK_MASTER_COMMAND" in told.stderr
