from typing import Any

import msgspec
from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from ledger.entry import decode
from timebank.columns import InstantField, to_microseconds
from tortoise import fields


async def tell(apps: Any, editor: Any) -> None:
    """Say of polls and homes that were there before what their own entries tell."""
    client = editor.client
    if not await client.execute_query_dict("SELECT id FROM person LIMIT 1"):
        return  # nothing was projected yet, and where no ledger is there are no entries to ask
    one, two = ("$1", "$2") if client.capabilities.dialect == "postgres" else ("?", "?")
    told = await client.execute_query_dict(
        "SELECT bytes FROM entry WHERE kind IN ('poll.opened', 'person.home_changed') ORDER BY seq"
    )
    left: dict[str, list[dict[str, Any]]] = {}
    for entry in (decode(bytes(row["bytes"])) for row in told):
        if entry.kind == "poll.opened":
            await client.execute_query(
                f"UPDATE poll SET opened_at = {one} WHERE id = {two}",
                [to_microseconds(entry.at), entry.body["poll"]],
            )
        else:
            gone = left.setdefault(entry.body["person"], [])
            gone.append({"home": entry.body.get("left"), "at": entry.at})
    for person, gone in left.items():
        await client.execute_query(
            f'INSERT INTO homes_left (person, "left") VALUES ({one}, {two})',
            [person, msgspec.json.encode(gone[-40:]).decode()],
        )


class Migration(migrations.Migration):
    dependencies = [('timebank', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='HomesLeft',
            fields=[
                ('person', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=512)),
                ('left', fields.TextField(unique=False)),
            ],
            options={'table': 'homes_left', 'app': 'timebank', 'pk_attr': 'person'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Poll',
            name='opened_at',
            field=InstantField(null=True),
        ),
        ops.AddIndex(
            model_name='Objection',
            index=Index(fields=['recipient', 'id']),
        ),
        # Written by hand: whoever writes this file anew keeps it.
        ops.RunPython(tell),
    ]
