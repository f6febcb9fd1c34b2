from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from timebank.tables import DayField, InstantField


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Account",
            fields=[
                (
                    "code",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("unit", fields.CharField(max_length=512)),
                ("balance", fields.BigIntField()),
            ],
            options={"table": "account", "app": "timebank", "pk_attr": "code"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AccountTotal",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("balance", fields.BigIntField()),
            ],
            options={"table": "account_total", "app": "timebank", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Activity",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("station", fields.CharField(max_length=512)),
                ("team", fields.CharField(null=True, max_length=512)),
                ("path", fields.CharField(max_length=512)),
                ("organiser", fields.CharField(max_length=512)),
                ("kind", fields.CharField(max_length=64)),
                ("state", fields.CharField(max_length=64)),
                ("seats", fields.BigIntField()),
                ("starts", InstantField()),
                ("ends", InstantField()),
                ("declared_at", InstantField()),
            ],
            options={
                "table": "activity",
                "app": "timebank",
                "indexes": [Index(fields=["station", "starts"]), Index(fields=["path"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AgeBand",
            fields=[
                (
                    "person",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("serves_from", DayField(max_length=10)),
                ("credit_from", DayField(max_length=10)),
                ("adult_from", DayField(max_length=10)),
            ],
            options={"table": "age_band", "app": "timebank", "pk_attr": "person"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Area",
            fields=[
                (
                    "code",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("level", fields.CharField(max_length=64)),
                ("name", fields.CharField(max_length=512)),
                ("parent", fields.CharField(null=True, max_length=512)),
                ("manager", fields.CharField(null=True, max_length=512)),
                ("path", fields.CharField(max_length=512)),
            ],
            options={
                "table": "area",
                "app": "timebank",
                "indexes": [Index(fields=["manager"]), Index(fields=["level"])],
                "pk_attr": "code",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Attempts",
            fields=[
                (
                    "subject",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("wrong", fields.BigIntField()),
                ("locked_until", InstantField(null=True)),
            ],
            options={"table": "attempts", "app": "timebank", "pk_attr": "subject"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Attendance",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("activity", fields.CharField(max_length=512)),
                ("person", fields.CharField(max_length=512)),
                ("visits", fields.TextField(unique=False)),
            ],
            options={
                "table": "attendance",
                "app": "timebank",
                "indexes": [Index(fields=["activity"]), Index(fields=["person"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BookedDay",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("booked", fields.TextField(unique=False)),
            ],
            options={"table": "booked_day", "app": "timebank", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CapturedOnce",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("record", fields.CharField(max_length=512)),
            ],
            options={"table": "captured_once", "app": "timebank", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DataKey",
            fields=[
                (
                    "person",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("wrapped", fields.BinaryField()),
            ],
            options={"table": "data_key", "app": "timebank", "pk_attr": "person"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DemoSignIn",
            fields=[
                (
                    "role",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("person", fields.CharField(max_length=512)),
            ],
            options={"table": "demo_sign_in", "app": "timebank", "pk_attr": "role"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Grants",
            fields=[
                (
                    "person",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("grants", fields.TextField(unique=False)),
            ],
            options={"table": "grants", "app": "timebank", "pk_attr": "person"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="KeyedIndex",
            fields=[
                (
                    "mark",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("person", fields.CharField(max_length=512)),
            ],
            options={
                "table": "keyed_index",
                "app": "timebank",
                "indexes": [Index(fields=["person"])],
                "pk_attr": "mark",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="MinutesDrawn",
            fields=[
                (
                    "day",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("minutes", fields.BigIntField()),
            ],
            options={"table": "minutes_drawn", "app": "timebank", "pk_attr": "day"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Password",
            fields=[
                (
                    "person",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("phc", fields.CharField(max_length=512)),
            ],
            options={"table": "password", "app": "timebank", "pk_attr": "person"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Person",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("number", fields.CharField(max_length=512)),
                ("home", fields.CharField(null=True, max_length=512)),
                ("home_path", fields.CharField(max_length=512)),
                ("state", fields.CharField(max_length=64)),
                ("guardian", fields.CharField(null=True, max_length=512)),
            ],
            options={
                "table": "person",
                "app": "timebank",
                "indexes": [Index(fields=["home"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PolicyCalendar",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("versions", fields.TextField(unique=False)),
            ],
            options={"table": "policy_calendar", "app": "timebank", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PolicyDraft",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("proposer", fields.CharField(max_length=512)),
                ("proposed_at", InstantField()),
                ("document", fields.TextField(unique=False)),
            ],
            options={"table": "policy_draft", "app": "timebank", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PolicyVersion",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("effective", DayField(max_length=10)),
                ("seq", fields.BigIntField()),
                ("document", fields.TextField(unique=False)),
            ],
            options={"table": "policy_version", "app": "timebank", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Posting",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("account", fields.CharField(max_length=512)),
                ("seq", fields.BigIntField()),
                ("at", InstantField()),
                ("kind", fields.CharField(max_length=512)),
                ("amount", fields.BigIntField()),
                ("balance", fields.BigIntField()),
            ],
            options={
                "table": "posting",
                "app": "timebank",
                "indexes": [Index(fields=["account", "seq"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Present",
            fields=[
                (
                    "activity",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("people", fields.TextField(unique=False)),
            ],
            options={"table": "present", "app": "timebank", "pk_attr": "activity"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Record",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("volunteer", fields.CharField(max_length=512)),
                ("station", fields.CharField(max_length=512)),
                ("path", fields.CharField(max_length=512)),
                ("activity", fields.CharField(null=True, max_length=512)),
                ("day", DayField(max_length=10)),
                ("starts", InstantField()),
                ("ends", InstantField()),
                ("checked_minutes", fields.BigIntField()),
                ("minutes", fields.BigIntField()),
                ("kind", fields.CharField(max_length=64)),
                ("mode", fields.CharField(max_length=64)),
                ("own", fields.BooleanField()),
                ("state", fields.CharField(max_length=64)),
                ("batch", fields.CharField(max_length=512)),
                ("recorder", fields.CharField(max_length=512)),
                ("captured_at", InstantField()),
                ("review", fields.TextField(unique=False)),
                ("late", fields.CharField(null=True, max_length=64)),
                ("confirmer", fields.CharField(null=True, max_length=512)),
                ("reviewer", fields.CharField(null=True, max_length=512)),
                ("credited", fields.BigIntField()),
                ("repaid", fields.BigIntField()),
                ("posted_seq", fields.BigIntField(null=True)),
                ("posted_leaf", fields.BinaryField(null=True)),
            ],
            options={
                "table": "record",
                "app": "timebank",
                "indexes": [
                    Index(fields=["volunteer", "id"]),
                    Index(fields=["state", "id"]),
                    Index(fields=["activity"]),
                    Index(fields=["batch"]),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RecorderDay",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("recorder", fields.CharField(max_length=512)),
                ("minutes", fields.BigIntField()),
                ("hour", fields.BigIntField()),
                ("people", fields.TextField(unique=False)),
                ("held_by", fields.CharField(null=True, max_length=512)),
                ("held_path", fields.CharField(null=True, max_length=512)),
            ],
            options={
                "table": "recorder_day",
                "app": "timebank",
                "indexes": [Index(fields=["held_path"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Reward",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("station", fields.CharField(max_length=512)),
                ("path", fields.CharField(max_length=512)),
                ("minutes", fields.BigIntField()),
                ("stock", fields.BigIntField()),
                ("least_star", fields.BigIntField()),
                ("goods", fields.BooleanField()),
                ("per_person", fields.BigIntField(null=True)),
                ("until", DayField(null=True, max_length=10)),
                ("offered", fields.BooleanField()),
            ],
            options={
                "table": "reward",
                "app": "timebank",
                "indexes": [Index(fields=["station", "id"]), Index(fields=["offered", "id"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RewardOrder",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("reward", fields.CharField(max_length=512)),
                ("volunteer", fields.CharField(max_length=512)),
                ("station", fields.CharField(max_length=512)),
                ("path", fields.CharField(max_length=512)),
                ("minutes", fields.BigIntField()),
                ("state", fields.CharField(max_length=64)),
                ("ordered_at", InstantField()),
            ],
            options={
                "table": "reward_order",
                "app": "timebank",
                "indexes": [Index(fields=["volunteer", "id"]), Index(fields=["station", "id"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RewardTaken",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("pieces", fields.BigIntField()),
            ],
            options={"table": "reward_taken", "app": "timebank", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SealedField",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("person", fields.CharField(max_length=512)),
                ("field", fields.CharField(max_length=512)),
                ("sealed", fields.BinaryField()),
            ],
            options={
                "table": "sealed_field",
                "app": "timebank",
                "indexes": [Index(fields=["person"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Seats",
            fields=[
                (
                    "activity",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("taken", fields.BigIntField()),
            ],
            options={"table": "seats", "app": "timebank", "pk_attr": "activity"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ServiceTotal",
            fields=[
                (
                    "volunteer",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("minutes", fields.BigIntField()),
                ("credited", fields.BigIntField()),
            ],
            options={"table": "service_total", "app": "timebank", "pk_attr": "volunteer"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Session",
            fields=[
                (
                    "digest",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("id", fields.CharField(max_length=512)),
                ("person", fields.CharField(max_length=512)),
                ("began", InstantField()),
                ("seen", InstantField()),
            ],
            options={
                "table": "session",
                "app": "timebank",
                "indexes": [Index(fields=["person"])],
                "pk_attr": "digest",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SignUp",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("activity", fields.CharField(max_length=512)),
                ("person", fields.CharField(max_length=512)),
                ("starts", InstantField()),
                ("ends", InstantField()),
            ],
            options={
                "table": "sign_up",
                "app": "timebank",
                "indexes": [Index(fields=["person", "starts"]), Index(fields=["activity"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Station",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("area", fields.CharField(max_length=512)),
                ("path", fields.CharField(max_length=512)),
                ("number", fields.CharField(max_length=512)),
                ("state", fields.CharField(max_length=64)),
                ("proposer", fields.CharField(max_length=512)),
                ("successor", fields.CharField(null=True, max_length=512)),
            ],
            options={
                "table": "station",
                "app": "timebank",
                "indexes": [
                    Index(fields=["area"]),
                    Index(fields=["path"]),
                    Index(fields=["number"]),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StationNumber",
            fields=[
                (
                    "number",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("station", fields.CharField(max_length=512)),
            ],
            options={"table": "station_number", "app": "timebank", "pk_attr": "number"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StationSecret",
            fields=[
                (
                    "station",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("secret", fields.BinaryField()),
            ],
            options={"table": "station_secret", "app": "timebank", "pk_attr": "station"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Team",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("station", fields.CharField(max_length=512)),
                ("path", fields.CharField(max_length=512)),
                ("state", fields.CharField(max_length=64)),
            ],
            options={
                "table": "team",
                "app": "timebank",
                "indexes": [Index(fields=["station"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Text",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("value", fields.CharField(max_length=512)),
                ("salt", fields.BinaryField()),
                ("commitment", fields.CharField(max_length=512)),
            ],
            options={"table": "texts", "app": "timebank", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="VolunteerDay",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("intervals", fields.TextField(unique=False)),
                ("credited", fields.BigIntField()),
            ],
            options={"table": "volunteer_day", "app": "timebank", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="VolunteerMonth",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("credited", fields.BigIntField()),
            ],
            options={"table": "volunteer_month", "app": "timebank", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="VolunteerNumber",
            fields=[
                (
                    "number",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("person", fields.CharField(max_length=512)),
            ],
            options={"table": "volunteer_number", "app": "timebank", "pk_attr": "number"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Whereabouts",
            fields=[
                (
                    "person",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512),
                ),
                ("activity", fields.CharField(max_length=512)),
            ],
            options={"table": "whereabouts", "app": "timebank", "pk_attr": "person"},
            bases=["Model"],
        ),
    ]
