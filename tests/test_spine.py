"""The spine's small parts: ids, refusals, keys, life cycles, tables, texts, policy."""

from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank import clock, events, ids
from timebank.access import Grant, Grants, Role, RoleEnded, RoleGranted
from timebank.capabilities import CAPABILITIES
from timebank.columns import from_microseconds, to_microseconds
from timebank.lifecycles import Lifecycle, NotInThisState, step
from timebank.policy import SEED, PolicyMalformed, read_policy
from timebank.refusals import NotFound, Refusal
from timebank.settings import WrongSettings, read_settings
from timebank.tables import TABLES


def test_ids_are_ordered_by_time_and_have_one_spelling() -> None:
    made = [ids.new("per") for _ in range(1000)]
    assert len(set(made)) == 1000
    assert [m[:13] for m in made] == sorted(m[:13] for m in made)
    assert all(ids.is_id(m, "per") for m in made)
    for wrong in (
        "per_",
        made[0].upper(),
        made[0] + "0",
        made[0].replace("per", "act"),
        "per_l" * 6,
    ):
        assert not ids.is_id(wrong, "per")


def test_a_refusal_says_its_sentence_with_the_values_in_it() -> None:
    refusal = NotFound(what="wish")
    words = {NotFound.says: "没有这个{what}。", "wish": "心愿"}
    assert (refusal.code, refusal.message()) == ("NOT_FOUND", "There is no wish with this id.")
    assert refusal.message(lambda said: words.get(said, said)) == "没有这个心愿。"
    with pytest.raises(TypeError):
        NotFound(that="wish")  # type: ignore[call-arg]  # the fault itself


def test_two_refusals_never_share_a_code() -> None:
    with pytest.raises(TypeError, match="share the code NOT_FOUND"):
        type("NotFound", (Refusal,), {"says": "Again.", "__annotations__": {}})


class Light(StrEnum):
    ON = "on"
    OFF = "off"


def test_a_life_cycle_refuses_every_pair_it_does_not_list() -> None:
    cycle: Lifecycle[Light] = {Light.OFF: {RoleGranted: Light.ON}, Light.ON: {}}
    assert step(cycle, Light.OFF, RoleGranted) is Light.ON
    for state, event in ((Light.ON, RoleGranted), (Light.OFF, RoleEnded), (Light.ON, RoleEnded)):
        with pytest.raises(NotInThisState):
            step(cycle, state, event)


def test_an_event_reads_back_from_its_body() -> None:
    said = RoleGranted(grant="grt_1", person="per_1", role=Role.AUDITOR, scope="420100/")
    assert events.body_of(said) == {
        "grant": "grt_1",
        "person": "per_1",
        "role": "auditor",
        "scope": "420100/",
    }
    assert events.kinds()["role.granted"] is RoleGranted
    assert msgspec.convert(events.body_of(said), RoleGranted) == said


def test_a_transfer_sums_to_zero_and_a_transfer_of_nothing_is_none() -> None:
    assert events.transfer("a", "b", "minute", 5) == (("a", "minute", -5), ("b", "minute", 5))
    assert events.transfer("a", "b", "minute", 0) == ()


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_survives_the_database(at: datetime) -> None:
    assert from_microseconds(to_microseconds(at)) == at


def test_a_row_survives_the_database_with_days_enums_and_lists() -> None:
    row = Grants(
        person="per_1", grants=(Grant("grt_1", Role.AUDITOR, "420100/", date(2026, 2, 28)),)
    )
    assert Grants.spec.load(Grants.spec.values(row)) == row


def test_opening_the_capabilities_opens_every_kind_and_table() -> None:
    assert CAPABILITIES
    assert {"policy.published", "role.granted"} <= set(events.kinds())


def test_every_table_is_a_projection_or_of_the_vault() -> None:
    assert {name for name, table in TABLES.items() if table.vault} >= {"data_key", "texts"}
    assert not TABLES["grants"].vault


def test_days_are_days_in_the_city() -> None:
    assert clock.day_of(datetime(2026, 3, 4, 16, 0, tzinfo=UTC)) == date(2026, 3, 5)
    assert clock.instant(date(2026, 3, 5), 90) == datetime(2026, 3, 4, 17, 30, tzinfo=UTC)


def test_the_seed_policy_reads() -> None:
    policy = read_policy(SEED.read_text("utf-8"))
    assert policy.star.minutes == (6000, 18000, 36000, 60000, 90000)
    assert policy.id == "WH-2016-12"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("mint_per_day: 240", "mint_per_day: many"), "mint_per_day"),
        (("mint_per_day: 240, ", ""), "mint_per_day"),
        (("goods: true", "goods: true, extra: 1"), "extra"),
        (("[50, 40, 10]", "[50, 40, 11]"), "100"),
        (("[6000, 18000", "[18000, 6000"), "rise"),
        (("policy:", "policy: ["), "while parsing"),
    ],
)
def test_a_policy_that_does_not_read_is_refused_with_the_reason(
    change: tuple[str, str], reason: str
) -> None:
    text = SEED.read_text("utf-8")
    assert change[0] in text
    with pytest.raises(PolicyMalformed, match=reason):
        read_policy(text.replace(*change, 1))


HOOK = """
[[webhooks]]
name = "hush"
url = "https://hush.example"
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with no settings yet, where one is."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_setting_comes_from_a_variable_before_a_secret_before_the_file(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bare / "timebank.toml").write_text("port = 9000\n")
    assert read_settings().port == 9000
    (bare / "timebank_port").write_text("9001\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(bare))
    assert read_settings().port == 9001
    monkeypatch.setenv("TIMEBANK_PORT", "9002")
    monkeypatch.setenv("TIMEBANK_TEST_OF_OURS", "no setting, and none of its business")
    assert read_settings().port == 9002
    assert read_settings(port=9003).port == 9003


@pytest.mark.parametrize(
    ("file", "variables", "says"),
    [
        ("prot = 9000", {}, "prot: there is no such setting"),
        ("", {"TIMEBANK_ADRESS": "hush"}, "adress: there is no such setting"),
        ("port = 'hush'", {}, "port: Input should be a valid integer"),
        ("", {"TIMEBANK_REPLICA": "mysql://a:hush@b"}, "replica: String should match"),
        ("[[providers]]\nname = 'X'\nclient_secret = 'hush'", {}, "providers.0.name: "),
        ("", {"TIMEBANK_PROVIDERS": "[{'client_secret': 'hush'"}, '"providers"'),
        ("s3_secret = hush", {}, "at line 1"),
        (2 * HOOK, {}, "webhooks: Value error, two have one name"),
    ],
)
def test_a_wrong_setting_is_named_and_what_stands_there_is_not(
    bare: Path, monkeypatch: pytest.MonkeyPatch, file: str, variables: dict[str, str], says: str
) -> None:
    (bare / "timebank.toml").write_text(file)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WrongSettings) as wrong:
        read_settings()
    assert says in str(wrong.value)
    assert "hush" not in str(wrong.value)
