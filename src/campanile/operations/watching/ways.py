"""The way of one person through a campaign: entity, rules, working tables, messages, consents."""

from collections.abc import Iterator, Mapping

from campanile.catalog.entities import Dimension
from campanile.catalog.scopes import Moment, build_scope
from campanile.deliveries.addresses import Address, address_hash, read_address
from campanile.deliveries.states import REASONS
from campanile.errors import Refused
from campanile.operations.executing.data import bind_entities, bind_input
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.operations.rehearsing.previews import Look, looking
from campanile.operations.watching.answers import Step
from campanile.operations.watching.linked_sentences import linked_sentences
from campanile.operations.watching.whys import chosen_execution
from campanile.people.rights import Right
from campanile.relations.relation import Relation
from campanile.relations.scope import EntityTable
from campanile.store.execution_rows import Execution
from campanile.store.manifest_rows import ManifestRow
from campanile.warehouse.warehouse import Session


@requires(Right.VIEW_DATA)
def way_of(project: Project, campaign: str, address: str, key: str | None = None) -> list[Step]:
    """The way of whoever has this address through the tables, and the state of each message.

    Without an execution (and none there), the campaign file is tried on today's data. The steps
    hold no address. Raises Refused for a text that is no address.
    """
    read = read_address("email", address)
    if not isinstance(read, Address):
        raise Refused("this is not an e-mail address.", remedy="Write it as in the customer data.")
    project.store.campaigns.get(campaign)
    execution = chosen_execution(project, campaign, key)
    begun = execution and project.store.manifests.committed(execution.id)
    with looking(project, campaign, execution.key if execution and begun else None) as look:
        where = (
            f"execution {look.execution}" if look.execution else "the file, tried on today's data"
        )
        steps = [Step("looked at", None, where), *_tables(project, look, read.normalised)]
    if execution is not None:
        steps += _messages(project, execution, address_hash(read.normalised))
    return [*steps, *_permissions(project, address_hash(read.normalised))]


def _tables(project: Project, look: Look, normalised: str) -> Iterator[Step]:
    versions = project.store.entities.pins(project.catalog.entities)
    found = dict[str, Relation | None]()
    with project.warehouse.session() as session:
        tables = bind_entities(project, session, versions)
        for name, dimension in project.catalog.dimensions.items():
            moment = Moment(now=project.clock(), timezone=project.timezone)
            scope = build_scope(tables, dimension, moment)
            table = tables[dimension.entity]
            everybody = Relation.table(table.table, table.schema, table.key)
            rule = _address_rule(project, dimension, normalised)
            found[name] = everybody.where(rule, scope).select(table.key) if rule else None
            if rule and dimension.default:
                person = everybody.where(rule, scope)
                count = session.count(person)
                sentence = f"{count} rows have this address" if count != 1 else "1 row has it"
                yield Step(f"entity {dimension.entity}", count > 0, sentence)
                if count == 1:
                    yield from _linked(project, session, look, dimension, tables, person)
        for transition, row in look.rows.items():
            if not transition.endswith(".plan"):
                dimension_name = look.compiled.graph.dimension_of(transition) or ""
                yield _in_table(session, transition, row, found.get(dimension_name))


def _linked(
    project: Project,
    session: Session,
    look: Look,
    dimension: Dimension,
    tables: Mapping[str, EntityTable],
    person: Relation,
) -> Iterator[Step]:
    """What the rules found behind the person's links; values that are personal are masked."""
    said = linked_sentences(project, session, look.compiled, dimension, tables, person)
    for activity, sentence in said:
        yield Step(f"rule of '{activity}'", None, sentence)


def _address_rule(project: Project, dimension: Dimension, normalised: str) -> str:
    """A rule for the rows whose address is this one, however it is spelt."""
    expression = dimension.addresses.get("email", "")
    if not expression and dimension.recipient:
        for person in project.catalog.dimensions.values():
            if "email" in person.addresses and person.recipient is None:
                expression = f"{dimension.recipient}.{person.addresses['email']}"
    if not expression:
        return ""
    text = normalised.lower().replace("'", "''")
    return f"lower(trim({expression})) = '{text}'"


def _in_table(session: Session, transition: str, row: ManifestRow, people: Relation | None) -> Step:
    if not row.reached:
        return Step(transition, False, f"not reached: {row.not_reached_reason}")
    if people is None or row.path is None or not set(people.key) <= set(row.schema):
        return Step(transition, None, f"{row.rows:,} rows, without this key")
    table = bind_input(session, row, tuple(people.key))
    count = session.count(table.semi(people, {column: column for column in people.key}))
    return Step(transition, count > 0, "is in it" if count else "is not in it")


def _messages(project: Project, execution: Execution, hashed: bytes) -> Iterator[Step]:
    deliveries = {one.id: one for one in project.store.deliveries.of_execution(execution.id)}
    of_mine = [
        row for row in project.store.messages.of_address(hashed) if row.delivery_id in deliveries
    ]
    for row in of_mine:
        why = f": {REASONS.get(row.reason, row.reason)}" if row.reason else ""
        when = f" at {row.settled_at:%Y-%m-%d %H:%M} UTC" if row.settled_at else ""
        name = f"message '{deliveries[row.delivery_id].activity}'"
        yield Step(name, row.state == "sent", f"{row.state}{when}{why}")
    if deliveries and not of_mine:
        yield Step("messages", False, "no message was planned for this address")


def _permissions(project: Project, hashed: bytes) -> Iterator[Step]:
    consents = project.store.consents
    for one in consents.of_address(hashed):
        topic = "every topic" if one.topic == "*" else f"topic '{one.topic}'"
        said = "yes" if one.decision == "in" else "no"
        sentence = f"said {said} to {topic} at {one.at:%Y-%m-%d %H:%M} UTC ({one.source})"
        yield Step(f"consent {one.channel}", one.decision == "in", sentence)
    for channel, reason, at in consents.suppressions_of(hashed):
        yield Step(f"suppression {channel}", False, f"{reason}, since {at:%Y-%m-%d}")
