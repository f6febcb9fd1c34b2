"""Scalars on the wire: one spelling each, every other refused."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from graphql import GraphQLError, parse_value
from hypothesis import given
from hypothesis import strategies as st

from schema.scalars import JSON_INTEGER_MAX, SCALARS, Fen, Long

MOMENT, DAY = SCALARS[datetime], SCALARS[date]


def read(scalar: Any, value: Any) -> Any:
    return scalar.parse_value(value)


def read_literal(scalar: Any, text: str) -> Any:
    return scalar.parse_literal(parse_value(text), None)


@pytest.mark.parametrize("kind", [Long, Fen])
@given(value=st.integers(-JSON_INTEGER_MAX, JSON_INTEGER_MAX))
def test_whole_numbers_survive_the_way_out_and_in(kind: Any, value: int) -> None:
    scalar: Any = SCALARS[kind]
    assert read(scalar, scalar.serialize(value)) == value
    assert read_literal(scalar, str(value)) == value


@pytest.mark.parametrize("kind", [Long, Fen])
@pytest.mark.parametrize(
    "value", [1.0, "1", True, None, [1], JSON_INTEGER_MAX + 1, -JSON_INTEGER_MAX - 1, 10**400]
)
def test_what_is_no_whole_number_in_range_is_refused(kind: Any, value: Any) -> None:
    with pytest.raises(GraphQLError, match="is a whole number"):
        read(SCALARS[kind], value)


@pytest.mark.parametrize("text", ["1.0", '"1"', "true", "null", "[1]", str(2**53), "9" * 5000])
def test_a_literal_that_is_no_whole_number_in_range_is_refused(text: str) -> None:
    with pytest.raises(GraphQLError, match="is a whole number"):
        read_literal(SCALARS[Long], text)


@pytest.mark.parametrize("value", [1.5, "1", True, JSON_INTEGER_MAX + 1])
def test_we_never_answer_a_number_that_a_reader_would_round(value: Any) -> None:
    with pytest.raises(TypeError):
        SCALARS[Fen].serialize(value)  # type: ignore[misc]  # the definition may lack one, ours does not


@given(st.integers(-2_208_988_800, 7_258_118_399).map(lambda n: datetime.fromtimestamp(n, UTC)))
def test_moments_survive_the_way_out_and_in(moment: datetime) -> None:
    scalar: Any = MOMENT
    spelled = scalar.serialize(moment)
    assert spelled.endswith("Z")
    assert read(scalar, spelled) == moment
    assert read_literal(scalar, f'"{spelled}"') == moment


def test_a_moment_of_any_zone_is_answered_in_utc() -> None:
    scalar: Any = MOMENT
    noon_in_wuhan = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=8)))
    assert scalar.serialize(noon_in_wuhan) == "2026-03-01T04:00:00Z"
    assert read(scalar, "2026-03-01T12:00:00+08:00") == noon_in_wuhan
    assert read(scalar, "2026-03-01t04:00:00.5z").microsecond == 500_000


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-01T12:00:00",
        "2026-03-01 12:00:00Z",
        "2026-03-01T12:00Z",
        "2026-02-30T12:00:00Z",
        "2026-03-01T24:00:01Z",
        "2026-03-01T12:00:60Z",
        "2026-03-01T12:00:00.1234567Z",
        "0001-01-01T00:00:00+23:59",
        "1899-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "２026-03-01T12:00:00Z",
        "2026-03-01",
        "",
        1772323200,
        1.5,
        None,
        True,
    ],
)
def test_what_is_no_rfc_3339_moment_is_refused(value: Any) -> None:
    with pytest.raises(GraphQLError, match=r"RFC 3339|no such moment"):
        read(MOMENT, value)


@pytest.mark.parametrize(
    "value",
    [
        "2026-02-29",
        "2026-3-1",
        "20260301",
        "2026-W09-7",
        "2026-03-01T00:00:00Z",
        "9999-12-31",
        20260301,
    ],
)
def test_what_is_no_day_is_refused(value: Any) -> None:
    with pytest.raises(GraphQLError, match=r"Date is a day|no such day"):
        read(DAY, value)


def test_a_day_survives_and_a_number_literal_is_none() -> None:
    scalar: Any = DAY
    assert read(scalar, scalar.serialize(date(2024, 2, 29))) == date(2024, 2, 29)
    assert read_literal(scalar, '"2024-02-29"') == date(2024, 2, 29)
    with pytest.raises(GraphQLError):
        read_literal(scalar, "20240229")


@pytest.mark.parametrize("value", [datetime(2026, 3, 1), date(2026, 3, 1), "2026-03-01T00:00:00Z"])  # noqa: DTZ001 - a moment without a zone is what must be caught
def test_a_moment_without_a_zone_is_never_answered(value: Any) -> None:
    scalar: Any = MOMENT
    with pytest.raises(TypeError):
        scalar.serialize(value)


def test_a_moment_is_never_answered_for_a_day() -> None:
    scalar: Any = DAY
    with pytest.raises(TypeError):
        scalar.serialize(datetime(2026, 3, 1, tzinfo=UTC))
