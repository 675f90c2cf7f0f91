"""Key figures as relations over the feedback tables: by activity, for one and all executions.

In the results an empty `execution` means all executions together. A message counts once among
`opened` and `clicked`, however often and on however many devices; machines are counted apart.
"""

from campanile.relations.relation import Relation
from campanile.relations.types import Schema, Type
from campanile.reporting.feedback_tables import EVENTS_TABLE, MESSAGES_TABLE, query

_GROUP: Schema = {"activity": Type.TEXT, "execution": Type.TEXT}
_SETS = "GROUPING SETS ((activity, execution), (activity))"
STATES = ("waiting", "in_flight", "sent", "failed", "excluded", "uncertain")
KINDS = ("opened", "clicked", "unsubscribed", "delivered", "bounced", "complained")


def message_counts() -> Relation:
    """Messages by state. `delivered` were sent and did not bounce: few servers say more."""
    states = ", ".join(f"count(*) FILTER (WHERE state = '{name}') AS {name}" for name in STATES)
    sql = f"""
    WITH bounces AS (
      SELECT DISTINCT delivery, ordinal FROM {EVENTS_TABLE} WHERE kind = 'bounced'
    )
    SELECT activity, execution, count(*) AS targeted, {states},
      count(*) FILTER (WHERE state = 'sent' AND b.delivery IS NULL) AS delivered
    FROM {MESSAGES_TABLE} AS m
    LEFT JOIN bounces AS b ON b.delivery = m.delivery AND b.ordinal = m.ordinal
    GROUP BY {_SETS}
    """  # noqa: S608
    counts = dict.fromkeys(("targeted", *STATES, "delivered"), Type.INTEGER)
    return query(sql, {**_GROUP, **counts})


def reason_counts() -> Relation:
    """Why messages were excluded or failed."""
    sql = f"""
    SELECT activity, execution, state, coalesce(reason, '') AS reason, count(*) AS messages
    FROM {MESSAGES_TABLE} WHERE state IN ('excluded', 'failed')
    GROUP BY GROUPING SETS ((activity, execution, state, coalesce(reason, '')),
      (activity, state, coalesce(reason, '')))
    """  # noqa: S608
    text, integer = Type.TEXT, Type.INTEGER
    return query(sql, {**_GROUP, "state": text, "reason": text, "messages": integer})


def event_counts() -> Relation:
    """Events by kind: messages and people with at least one of a person, all of them, machines'."""
    sql = f"""
    SELECT activity, execution, kind,
      count(DISTINCT (delivery, ordinal)) FILTER (WHERE coalesce(human, true)) AS messages,
      count(DISTINCT person) FILTER (WHERE coalesce(human, true)) AS people,
      count(*) FILTER (WHERE coalesce(human, true)) AS total,
      count(*) FILTER (WHERE NOT coalesce(human, true)) AS machine
    FROM {EVENTS_TABLE}
    GROUP BY GROUPING SETS ((activity, execution, kind), (activity, kind))
    """  # noqa: S608
    counts = dict.fromkeys(("messages", "people", "total", "machine"), Type.INTEGER)
    return query(sql, {**_GROUP, "kind": Type.TEXT, **counts})


def link_counts() -> Relation:
    """Clicks by link; a link without a name is known by its address."""
    sql = f"""
    SELECT activity, execution, coalesce(link, '') AS link, coalesce(url, '') AS url,
      count(DISTINCT (delivery, ordinal)) FILTER (WHERE human) AS messages,
      count(DISTINCT person) FILTER (WHERE human) AS people,
      count(*) FILTER (WHERE human) AS total,
      count(*) FILTER (WHERE NOT human) AS machine
    FROM {EVENTS_TABLE} WHERE kind = 'clicked'
    GROUP BY GROUPING SETS ((activity, execution, coalesce(link, ''), coalesce(url, '')),
      (activity, coalesce(link, ''), coalesce(url, '')))
    """  # noqa: S608
    counts = dict.fromkeys(("messages", "people", "total", "machine"), Type.INTEGER)
    return query(sql, {**_GROUP, "link": Type.TEXT, "url": Type.TEXT, **counts})


def hour_counts() -> Relation:
    """What happened in each hour (UTC): messages sent, and what people did for the first time."""
    sql = f"""
    WITH firsts AS (
      SELECT activity, execution, 'sent' AS kind, settled_at AS at
      FROM {MESSAGES_TABLE} WHERE state = 'sent'
      UNION ALL
      SELECT activity, execution, kind, min(at) AS at
      FROM {EVENTS_TABLE} WHERE coalesce(human, true)
      GROUP BY activity, execution, kind, delivery, ordinal
    )
    SELECT activity, execution, kind, date_trunc('hour', at) AS hour, count(*) AS messages
    FROM firsts
    GROUP BY GROUPING SETS ((activity, execution, kind, date_trunc('hour', at)),
      (activity, kind, date_trunc('hour', at)))
    """  # noqa: S608
    columns = {"kind": Type.TEXT, "hour": Type.TIMESTAMP, "messages": Type.INTEGER}
    return query(sql, {**_GROUP, **columns})


def variant_counts() -> Relation:
    """Sent, opened and clicked messages of each variant."""
    sql = f"""
    WITH reactions AS (
      SELECT delivery, ordinal,
        coalesce(bool_or(kind = 'opened'), false) AS opened,
        coalesce(bool_or(kind = 'clicked'), false) AS clicked
      FROM {EVENTS_TABLE} WHERE human GROUP BY delivery, ordinal
    )
    SELECT activity, execution, variant,
      count(*) FILTER (WHERE state = 'sent') AS sent,
      count(*) FILTER (WHERE state = 'sent' AND opened) AS opened,
      count(*) FILTER (WHERE state = 'sent' AND clicked) AS clicked
    FROM {MESSAGES_TABLE} AS m
    LEFT JOIN reactions AS r ON r.delivery = m.delivery AND r.ordinal = m.ordinal
    WHERE variant IS NOT NULL
    GROUP BY GROUPING SETS ((activity, execution, variant), (activity, variant))
    """  # noqa: S608
    counts = dict.fromkeys(("sent", "opened", "clicked"), Type.INTEGER)
    return query(sql, {**_GROUP, "variant": Type.TEXT, **counts})
