"""Which linked rows made the rules of a campaign true for one person, in sentences."""

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.filters import named_filters
from campanile.campaigns.parameters import default_value, rule_parameter
from campanile.catalog.entities import Catalog, Dimension
from campanile.catalog.scopes import Moment, build_scope
from campanile.operations.project import Project
from campanile.operations.rehearsing.linked_rows import LinkedRows, linked_rows_of
from campanile.operations.rehearsing.masking import personal_columns
from campanile.relations.relation import Relation
from campanile.relations.scope import EntityTable, Scope
from campanile.warehouse.warehouse import Session


def linked_sentences(
    project: Project,
    session: Session,
    compiled: CompiledVersion,
    dimension: Dimension,
    tables: Mapping[str, EntityTable],
    person: Relation,
) -> Iterator[tuple[str, str]]:
    """(activity, what a set function of its rules found), with parameters at their defaults.

    `person` is one row of the dimension's entity. What a rule computes on the way, such as columns
    of an enrichment, and messages are not looked at.
    """
    catalog: Catalog = project.catalog
    scope = _scope(project, compiled, dimension, tables)
    personal = personal_columns(catalog, compiled.campaign)
    for name in compiled.graph.order:
        if compiled.graph[name].dimension != dimension.name:
            continue
        sites = compiled.campaign.activities[name].rules()
        rules = [site.written for site in sites if site.kind == "rule"]
        for found in linked_rows_of(session, person, scope, rules, personal):
            yield name, _sentence(found)


def _scope(
    project: Project,
    compiled: CompiledVersion,
    dimension: Dimension,
    tables: Mapping[str, EntityTable],
) -> Scope:
    own = compiled.campaign.schedule.timezone
    zone = ZoneInfo(own) if own else project.timezone
    moment = Moment(
        now=project.clock(),
        timezone=zone,
        parameters={
            name: rule_parameter(one, default_value(one), tables, zone)
            for name, one in compiled.campaign.parameters.items()
        },
        filters=named_filters(compiled.filters, project.catalog, tables, zone),
    )
    return build_scope(tables, dimension, moment)


def _sentence(found: LinkedRows) -> str:
    rows = "1 linked row" if found.count == 1 else f"{found.count:,} linked rows"
    if not found.rows:
        return f"{found.call}: {rows}"
    first = ", ".join(f"{name} {value}" for name, value in found.rows[0].items())
    return f"{found.call}: {rows}, the first with {first}"
