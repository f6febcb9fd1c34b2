from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from timebank.tables import DayField


class Migration(migrations.Migration):
    initial = True

    operations = [
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
    ]
